"""registry_pause: the registry's process stands still."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import ProcessFault
from harness.seams import Seams


class RegistryPause(ProcessFault):
    """The registry's process stands still, as a virtual machine that is moved or a host that swaps.

    It is stopped with SIGSTOP and goes on at the heal. Its system still opens connections, and what
    is asked meanwhile is answered then; nobody is told that anything is wrong.
    Seen as: slower pulls, no event; from 30 s on `net/http: timeout awaiting response headers`. A
    layer under way stands still, for at most 5 minutes.
    """

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.process.paused()
