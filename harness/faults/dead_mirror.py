"""dead_mirror: nodes ask a mirror first that is dead."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

from pydantic import Field

from harness.faults._fault import HostsFault
from harness.seams import HostsMistake, Seams


class DeadMirror(HostsFault):
    """Nodes ask a mirror first that is dead, and the registry after it.

    Their hosts.toml has a `[host]` table before `server`. `refused`: nobody listens at the mirror,
    which costs next to nothing. `dropped`: packets to it vanish, and containerd waits 30 s for a
    connection at each request, again and again: tag, manifest, config and layers.
    Seen as: no event; with `dropped` a pull is late by 30 s times the requests that follow one
    another, and when the registry fails too, the error may be the mirror's `i/o timeout`.
    """

    example = "{mode: refused}"

    mode: Literal["refused", "dropped"] = Field("refused", description="how it is dead")

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        mistakes = {"refused": HostsMistake.MIRROR_REFUSES, "dropped": HostsMistake.MIRROR_DROPS}
        return seams.cluster.hosts(mistakes[self.mode], share=self.share)
