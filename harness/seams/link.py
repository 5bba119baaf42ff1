"""The link seam: the TCP path between nodes and gateway."""

from collections.abc import Mapping
from typing import Literal, Protocol

from harness.seams.scope import Injection


class Link(Protocol):
    """The TCP path between nodes and gateway, one listener a node.

    `share` chooses nodes, not connections: Toxiproxy's own toxicity cannot be seeded.
    """

    def toxic(
        self,
        kind: str,
        attributes: Mapping[str, int],
        *,
        stream: Literal["upstream", "downstream"] = "downstream",
        share: float = 1.0,
    ) -> Injection:
        """Add a toxic of Toxiproxy (its words and units) to the links in scope."""
        ...

    def down(self, *, share: float = 1.0) -> Injection:
        """Close the listeners in scope: connections are refused, open ones end."""
        ...

    def flapping(self, *, down_s: float, up_s: float, share: float = 1.0) -> Injection:
        """`down` for `down_s`, up for `up_s`, and so on until the block is left."""
        ...

    def drop_new(self, *, share: float = 1.0) -> Injection:
        """Give new connections in scope no answer at all; open ones go on. Embedded link only."""
        ...

    def cut_off(self, *, share: float = 1.0) -> Injection:
        """Let nothing pass, either way; what was sent meanwhile arrives afterwards.

        New connections get no answer from the embedded link; a real Toxiproxy accepts them.
        """
        ...
