"""wrong_credentials: the pull secret holds a wrong password."""

from harness.faults._fault import CredentialsFault
from harness.seams import Injection, Seams


class WrongCredentials(CredentialsFault):
    """The pull secret has a wrong password, as after a rotation that missed the cluster.

    Every pull sends it to the token service (POST, then GET), and fails before any manifest. Nodes
    that have the image are not affected until they pull again. Neither are registries without
    authentication.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from GET request
    to U: 401 Unauthorized`.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.credentials("wrong", share=self.share)
