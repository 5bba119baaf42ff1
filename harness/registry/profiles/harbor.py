"""harbor: Harbor."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Profile, Refusal

_WORDS = "unauthorized to access repository: {repository}, action: {action}"

PROFILE = Profile(
    name="harbor",
    service="harbor-registry",  # goharbor/harbor: src/core/service/token
    token_path="/service/token",  # noqa: S106  a path; src/server/middleware/v2auth/auth.go
    basic_realm="harbor",  # the same
    accepts_basic=True,  # the same challenges with Basic where credentials came along
    token_lifetime_s=30 * 60.0,  # goharbor/harbor: configuration, token_expiration: 30 minutes
    token_fields=("token",),  # goharbor/harbor: src/core/service/token: access_token stays empty
    post_status=405,  # the same: the handler has GET only, Beego answers the rest so
    missing=Refusal(  # src/server/middleware/v2auth/auth.go
        status=401, code=ErrorCode.UNAUTHORIZED, message=_WORDS, challenge="bearer"
    ),
    expired=Refusal(  # the same: Basic, because a header came along
        status=401, code=ErrorCode.UNAUTHORIZED, message=_WORDS, challenge="basic"
    ),
    denied=Refusal(  # the same
        status=401, code=ErrorCode.UNAUTHORIZED, message=_WORDS, challenge="basic"
    ),
    # A project's quota is -1 at first, no limit (goharbor/harbor: storage_per_project).
    storage_full=Refusal(  # src/controller/quota, src/lib/http/error.go: DENIED with 403, not 412
        status=403,
        code=ErrorCode.DENIED,
        message="Quota exceeded when processing the request of adding {adding} of storage "
        "resource, which when updated to current usage of {used} will exceed the configured "
        "upper limit of {limit}.",
    ),
)
