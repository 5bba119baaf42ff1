"""missing_credentials: the pull secret that pods name does not exist."""

from harness.faults._fault import CredentialsFault
from harness.seams import Injection, Seams


class MissingCredentials(CredentialsFault):
    """The pull secret that pods refer to does not exist, as in an incompletely set up namespace.

    Kubelet reports it at each sync, and pulls anonymously. Registries that allow anonymous access
    are not affected.
    Seen as: `FailedToRetrieveImagePullSecret`, then `failed to authorize: failed to fetch anonymous
    token: unexpected status from GET request to U: 401 Unauthorized`.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.credentials("missing", share=self.share)
