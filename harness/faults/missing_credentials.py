"""missing_credentials: the pull secret that pods name does not exist."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import CredentialsFault
from harness.seams import Seams


class MissingCredentials(CredentialsFault):
    """The pull secret that pods name does not exist, as in a new namespace that nobody set up.

    Kubelet says so at each sync, and pulls anonymously all the same. Registries that give
    anonymous access are not bitten.
    Seen as: `FailedToRetrieveImagePullSecret`, then `failed to authorize: failed to fetch anonymous
    token: unexpected status from GET request to U: 401 Unauthorized`.
    """

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.cluster.credentials("missing", share=self.share)
