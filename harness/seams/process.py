"""The process seam: the process that serves as the registry."""

from typing import Protocol

from harness.seams.scope import Injection


class Process(Protocol):
    """The process that serves as the registry, gateway and all."""

    def crashed(self) -> Injection:
        """Kill it; start it again with its ports and content when the block is left."""
        ...

    def paused(self) -> Injection:
        """Stop it (SIGSTOP) and let it go on afterwards.

        What is stopped cannot keep a deadline: if the harness is killed, `recover` lets it go on.
        """
        ...
