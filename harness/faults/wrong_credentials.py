"""wrong_credentials: the pull secret holds a wrong password."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class WrongCredentials(Fault):
    """The pull secret holds a wrong password, as after a rotation that missed the cluster.

    Every pull asks the token service with it (POST, then GET), and fails before any manifest.
    Nodes that have the image notice nothing until they pull again. Registries without
    authentication are not bitten.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from GET request
    to U: 401 Unauthorized`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.credentials("wrong", share=self.share)
