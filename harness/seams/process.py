"""The process seam: the process that serves as the registry."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Process(Protocol):
    """The process that serves as the registry, gateway and all."""

    def crashed(self) -> AbstractAsyncContextManager[None]:
        """Kill it; start it again with its ports and content when the block is left."""
        ...

    def paused(self) -> AbstractAsyncContextManager[None]:
        """Stop it (SIGSTOP) and let it go on afterwards.

        What is stopped cannot keep a deadline: if the harness is killed, `recover` lets it go on.
        """
        ...
