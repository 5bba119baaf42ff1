"""missing_credentials: the pull secret that pods name does not exist."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class MissingCredentials(Fault):
    """The pull secret that pods name does not exist, as in a new namespace that nobody set up.

    Kubelet says so at each sync, and pulls anonymously all the same. Registries that give
    anonymous access are not bitten.
    Seen as: `FailedToRetrieveImagePullSecret`, then `failed to authorize: failed to fetch anonymous
    token: unexpected status from GET request to U: 401 Unauthorized`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.credentials("missing", share=self.share)
