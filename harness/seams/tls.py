"""The TLS seam: the handshakes of new connections with the gateway."""

from dataclasses import dataclass
from typing import Protocol

from harness.seams.scope import Injection


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate for the registry: without settings a good one.

    `expired_s`: how long ago it ran out; `name`: whose it is instead of the registry's.
    """

    expired_s: float | None = None
    name: str = ""
    unknown_authority: bool = False


class Tls(Protocol):
    """The TLS handshakes of new connections with the gateway.

    `share` is asked of the fault's chance by node and how many connections it made before.
    """

    def certificate(self, wanted: Certificate, *, share: float = 1.0) -> Injection:
        """Show `wanted` instead of the registry's own certificate until the block is left."""
        ...

    def held(self, *, drops: bool = False, share: float = 1.0) -> Injection:
        """Leave the client's first message without an answer until the block is left.

        Then it is answered, or with `drops` the connection is closed.
        """
        ...
