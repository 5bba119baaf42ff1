"""registry_pause: the registry's process stands still."""

from harness.faults._fault import ProcessFault
from harness.seams import Injection, Seams


class RegistryPause(ProcessFault):
    """The registry's process is paused, as on a virtual machine in migration or a swapping host.

    It is stopped with SIGSTOP and continues when the fault is removed. The kernel still accepts
    connections, and requests sent meanwhile are answered then; clients get no error.
    Seen as: slower pulls, no event; from 30 s on `net/http: timeout awaiting response headers`. A
    layer under way stands still, for at most 5 minutes.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.process.paused()
