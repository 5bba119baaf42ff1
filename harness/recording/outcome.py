"""How an attempt ends, why it failed, what a run is worth, and the exit code that says so."""

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """How a request, a pull or a pod ended; *unfinished* ones stay in every denominator."""

    OK = "ok"
    FAILED = "failed"
    UNFINISHED = "unfinished"


class Cause(StrEnum):
    """Why something failed, in a word or two; `NONE` for what did not.

    `AUTH`: refused. `AUTH_SERVICE`: the token service itself is broken, nobody was refused.
    """

    NONE = ""
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    AUTH = "auth"
    AUTH_SERVICE = "auth service"
    RATE = "rate"
    QUOTA = "quota"
    DIGEST = "digest"
    MISSING = "missing"
    SERVER = "server"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """The result of a run or an expectation, in ascending order of weight.

    Recordings of older versions say `unknown` for `inconclusive`; `Verdict("unknown")` reads it.
    """

    PASS = "pass"  # noqa: S105  not a password
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"

    @classmethod
    def _missing_(cls, value: object) -> "Verdict | None":
        return cls.INCONCLUSIVE if value == "unknown" else None

    @property
    def weight(self) -> int:
        return tuple(Verdict).index(self)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The heaviest of `verdicts`; of none, inconclusive."""
    return max(verdicts, key=lambda verdict: verdict.weight, default=Verdict.INCONCLUSIVE)


class ExitCode(IntEnum):
    """What `harness` tells the shell; documented in the README."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    ENVIRONMENT = 3
    INCONCLUSIVE = 4
    ABORTED = 5
    REGRESSION = 6
    BUG = 70
    INTERRUPTED = 130
