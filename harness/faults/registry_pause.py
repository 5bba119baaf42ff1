"""registry_pause: the registry's process stands still."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.seams import Seam, Seams


class RegistryPause(Fault):
    """The registry's process stands still, as a virtual machine that is moved or a host that swaps.

    It is stopped with SIGSTOP and goes on at the heal. Its system still opens connections, and what
    is asked meanwhile is answered then; nobody is told that anything is wrong.
    Seen as: slower pulls, no event; from 30 s on `net/http: timeout awaiting response headers`. A
    layer under way stands still, for at most 5 minutes.
    """

    area: ClassVar[str] = "performance"
    seam: ClassVar[Seam] = Seam.PROCESS
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset()

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # there is one registry
        return seams.process.paused()
