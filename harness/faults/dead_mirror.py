"""dead_mirror: nodes ask a mirror first that is dead."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import HostsFault
from harness.seams import HostsMistake, Injection, Seams


class DeadMirror(HostsFault):
    """Nodes use a dead mirror first, and then the registry.

    Their hosts.toml has a `[host]` table before `server`. `refused`: nothing listens at the
    mirror, which costs almost nothing. `dropped`: packets to it are dropped, and containerd waits
    30 s to connect for each request in turn: tag, manifest, config and layers.
    Seen as: no event; with `dropped` a pull is late by 30 s times the requests that follow one
    another, and when the registry fails too, the error may be the mirror's `i/o timeout`.
    """

    example = "{mode: refused}"

    mode: Literal["refused", "dropped"] = Field("refused", description="how it is dead")

    def inject(self, seams: Seams) -> Injection:
        mistakes = {"refused": HostsMistake.MIRROR_REFUSES, "dropped": HostsMistake.MIRROR_DROPS}
        return seams.cluster.hosts(mistakes[self.mode], share=self.share)
