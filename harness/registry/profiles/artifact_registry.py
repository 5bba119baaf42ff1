"""artifact_registry: Google Artifact Registry."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Limits, Profile, Refusal

PROFILE = Profile(
    name="artifact_registry",
    token_path="/v2/token",  # noqa: S106  a path; captured answers
    username="oauth2accesstoken",  # Google: artifact-registry authentication; _json_key for keys
    token_lifetime_s=3600.0,  # the same: an access token lives for an hour
    # containerd: core/remotes/docker/authorizer.go, its own comment on GCR
    post_status=404,
    # The token service itself refuses (seen in reports).
    nobody=Refusal(
        status=403,
        code=ErrorCode.DENIED,
        message="Unauthenticated request. Unauthenticated requests do not have permission "
        '"artifactregistry.repositories.downloadArtifacts" on resource "{repository}" '
        "(or it may not exist)",
    ),
    denied=Refusal(
        status=403,
        code=ErrorCode.DENIED,
        message='Permission "artifactregistry.repositories.downloadArtifacts" denied on resource '
        '"{repository}" (or it may not exist)',
    ),
    # Google: artifact-registry quotas: 60,000 requests a minute in each project and region
    limits=Limits(requests_per_s=1000.0),
    too_many_requests=Refusal(  # seen in reports; the numbers in it are the asker's own
        status=429,
        code=ErrorCode.TOOMANYREQUESTS,
        message="Quota exceeded for quota metric 'Requests per project per region' and limit "
        "'Requests per project per region per minute per region' of service "
        "'artifactregistry.googleapis.com' for consumer 'project_number:0'.",
    ),
)
