"""ecr: Amazon ECR, private registries."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Limits, Profile, Refusal

PROFILE = Profile(
    name="ecr",
    scheme="basic",  # AWS: registry authentication; there is no token service of its own
    username="AWS",  # the same
    token_lifetime_s=12 * 3600.0,  # the same: the password is valid for 12 hours
    basic_realm="https://ecr.amazonaws.com/",  # captured in reports; clients do not read it
    missing=Refusal(status=401, code=ErrorCode.UNAUTHORIZED, challenge="basic"),
    # awslabs/soci-snapshotter: pull 1196; awslabs/amazon-ecr-credential-helper: issues 7 and 679.
    # No challenge comes with it, so that nothing asks for another password.
    expired=Refusal(
        status=403,
        code=ErrorCode.DENIED,
        message="Your authorization token has expired. Reauthenticate and try again.",
    ),
    denied=Refusal(status=403, code=ErrorCode.DENIED),  # the words name the caller's own role
    # not documented; the words are the harness's own
    wrong_login=Refusal(
        status=403, code=ErrorCode.DENIED, message="Your authorization token is invalid."
    ),
    # AWS: service quotas. BatchGetImage, which a manifest costs: 2,000 a second in each region;
    # 100,000 images in each repository.
    limits=Limits(requests_per_s=2000.0, tags=100_000),
    too_many_requests=Refusal(  # seen in reports
        status=429, code=ErrorCode.TOOMANYREQUESTS, message="Rate exceeded"
    ),
    # aws/containers-roadmap: issue 2159: a bare 403
    tags_full=Refusal(status=403, message="403 Forbidden", plain=True),
)
