"""connection_refused: nothing listens where the registry should."""

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams


class ConnectionRefused(LinkFault):
    """Nothing listens at the registry's address: the process is down, or the port is wrong.

    New connections are refused, and open ones are closed.
    Seen as: `dial tcp A: connect: connection refused`.
    """

    exclusive = frozenset({"link"})

    def inject(self, seams: Seams) -> Injection:
        return seams.link.down(share=self.share)
