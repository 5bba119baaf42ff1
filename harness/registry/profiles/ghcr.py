"""ghcr: GitHub Container Registry. It is not documented: all of this was seen in reports."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Limits, Profile, Refusal

PROFILE = Profile(
    name="ghcr",
    service="ghcr.io",
    token_lifetime_s=300.0,  # not known
    token_fields=("token",),
    says_lifetime=False,
    post_status=405,  # not known, but clients go on with GET
    # renovatebot/renovate: issue 11446: DENIED and no challenge when credentials came along
    expired=Refusal(status=403, code=ErrorCode.DENIED, message="invalid token"),
    denied=Refusal(status=403, code=ErrorCode.DENIED, message="denied"),
    # apple/container: issue 183: 403 at the token service
    wrong_login=Refusal(status=403, code=ErrorCode.DENIED, message="denied"),
    nobody=Refusal(status=403, code=ErrorCode.DENIED, message="denied"),
    limits=Limits(requests_per_s=44_000 / 60),  # its own message: "allowed: 44000/minute"
    too_many_requests=Refusal(
        status=429,
        code=ErrorCode.TOOMANYREQUESTS,
        message="retry-after: {retry_after_us:.3f}µs, allowed: {per_minute:.0f}/minute",
    ),
)
