"""acr: Azure Container Registry."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Limits, Profile, Refusal

PROFILE = Profile(
    name="acr",
    token_path="/oauth2/token",  # noqa: S106  a path; Azure/acr: docs/AAD-OAuth.md
    # Azure: container-registry-authentication: whoever shows a refresh token has this name
    username="00000000-0000-0000-0000-000000000000",
    token_lifetime_s=4500.0,  # Azure/acr: docs/AAD-OAuth.md: 75 minutes in its example
    token_fields=("access_token",),  # the same
    says_lifetime=False,  # the same: its answers have no expires_in
    post_status=400,  # containerd: core/remotes/docker/authorizer.go, its own comment
    # Azure: container-registry-skus: 40 TiB in Basic and Standard; no rates are published now
    limits=Limits(storage_bytes=40 << 40),
    too_many_requests=Refusal(status=429, code=ErrorCode.TOOMANYREQUESTS),  # words not documented
)
