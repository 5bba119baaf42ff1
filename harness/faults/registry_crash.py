"""registry_crash: the registry's process dies, and is started again."""

from harness.faults._fault import ProcessFault
from harness.seams import Injection, Seams


class RegistryCrash(ProcessFault):
    """The registry's process crashes, and is restarted when the fault is removed.

    It is killed with SIGKILL: responses in progress are truncated, uploads and tokens are lost;
    stored content is there when it returns on the same ports. A registry other than the embedded
    one keeps running behind the gateway, but cannot be reached.
    Seen as: `EOF` or `connection reset by peer` through the link, which accepts a connection
    before it finds that the registry is down; a node retries the former up to four times in
    200 ms, the latter not.
    Without a link `connect: connection refused`.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.process.crashed()
