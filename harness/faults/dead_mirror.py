"""dead_mirror: nodes ask a mirror first that is dead."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import HostsMistake, Seam, Seams
from harness.units import ChosenShare


class DeadMirror(Fault):
    """Nodes ask a mirror first that is dead, and the registry after it.

    Their hosts.toml has a `[host]` table before `server`. `refused`: nobody listens at the mirror,
    which costs next to nothing. `dropped`: packets to it vanish, and containerd waits 30 s for a
    connection at each request, again and again: tag, manifest, config and layers.
    Seen as: no event; with `dropped` a pull is late by 30 s times the requests that follow one
    another, and when the registry fails too, the error may be the mirror's `i/o timeout`.
    """

    area: ClassVar[str] = "wrong address"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{mode: refused}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    mode: Literal["refused", "dropped"] = Field("refused", description="how it is dead")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        mistakes = {"refused": HostsMistake.MIRROR_REFUSES, "dropped": HostsMistake.MIRROR_DROPS}
        return seams.cluster.hosts(mistakes[self.mode], share=self.share)
