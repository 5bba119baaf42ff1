"""wrong_mirror: nodes ask a mirror first that does not have the content."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import HostsMistake, Seam, Seams
from harness.units import ChosenShare


class WrongMirror(Fault):
    """Nodes ask a mirror first that does not have the content, and the registry after it.

    Their hosts.toml has a `[host]` table before `server`, whose API answers 404 to everything, as
    a proxy of another project does. containerd asks it at each request: tag, manifest, config and
    layers, and then the registry.
    Seen as: no event; about twice the requests, and pulls slower by the mirror's answers.
    """

    area: ClassVar[str] = "wrong address"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.hosts(HostsMistake.MIRROR_WITHOUT_CONTENT, share=self.share)
