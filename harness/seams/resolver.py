"""The resolver seam: the name server that the nodes ask."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from harness.seams.scope import Injection


class DnsMode(StrEnum):
    """How the resolver answers for the registry's name."""

    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"  # no answer at all
    DELAY = "delay"
    WRONG_ADDRESS = "wrong_address"
    TRUNCATED = "truncated"  # over UDP no records but the TC bit; over TCP the truth


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Wrong for `wrong_s`, right for `right_s`, and so on; both above 0."""

    wrong_s: float
    right_s: float


class Resolver(Protocol):
    """The name server that the nodes ask."""

    def answering(
        self,
        mode: DnsMode,
        *,
        delay_ms: int = 0,
        address: str | None = None,
        share: float = 1.0,
        turns: Turns | None = None,
    ) -> Injection:
        """Answer queries in scope this way until the block is left; in `turns` if given."""
        ...
