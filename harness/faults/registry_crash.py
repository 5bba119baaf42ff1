"""registry_crash: the registry's process dies, and is started again."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import ProcessFault
from harness.seams import Seams


class RegistryCrash(ProcessFault):
    """The registry's process dies in the middle of its work, and is started again at the heal.

    It is killed with SIGKILL: answers under way are cut short, uploads and tokens are forgotten;
    what was stored is there when it comes back on the same ports. A registry behind the gateway
    that is not the embedded one lives on, but cannot be reached.
    Seen as: `EOF` or `connection reset by peer` through the link, which opens a connection before
    it finds nobody behind it; a node repeats the former up to four times in 200 ms, the latter not.
    Without a link `connect: connection refused`.
    """

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.process.crashed()
