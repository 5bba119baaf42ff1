"""wrong_credentials: the pull secret holds a wrong password."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import CredentialsFault
from harness.seams import Seams


class WrongCredentials(CredentialsFault):
    """The pull secret holds a wrong password, as after a rotation that missed the cluster.

    Every pull asks the token service with it (POST, then GET), and fails before any manifest.
    Nodes that have the image notice nothing until they pull again. Registries without
    authentication are not bitten.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from GET request
    to U: 401 Unauthorized`.
    """

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.cluster.credentials("wrong", share=self.share)
