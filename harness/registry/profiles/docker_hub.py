"""docker_hub: Docker Hub."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Limits, Profile, Refusal

PROFILE = Profile(
    name="docker_hub",
    # captured answers of registry-1.docker.io; the real realm is https://auth.docker.io/token
    service="registry.docker.io",
    token_lifetime_s=300.0,  # captured: "expires_in": 300
    # A private and a missing repository read the same: 401, error="insufficient_scope" (captured).
    # docker/docs: usage/pulls.md. 200 for a Personal account; paid ones have no limit.
    limits=Limits(pulls=200, anonymous_pulls=100, window_s=6 * 3600.0),
    counts_head=False,  # docker/docs: usage/pulls.md: a pull is a GET of a manifest
    rate_headers="docker_hub",  # the same: on GET and HEAD
    too_many_pulls=Refusal(  # the same
        status=429,
        code=ErrorCode.TOOMANYREQUESTS,
        message="You have reached your pull rate limit. You may increase the limit by "
        "authenticating and upgrading: https://www.docker.com/increase-rate-limit",
    ),
    too_many_anonymous=Refusal(  # seen in reports of 2025
        status=429,
        code=ErrorCode.TOOMANYREQUESTS,
        message="You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit",
    ),
    # docker/docs: usage/pulls.md, abuse rate limit: a bare line
    too_many_requests=Refusal(status=429, message="429 Too Many Requests", plain=True),
)
