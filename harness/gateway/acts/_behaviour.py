"""What an act does to a request and to its answer: the hooks that the gateway calls."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from harness.chance import Chance
from harness.gateway.bodies import BodyChange, Extent
from harness.gateway.request import GatewayRequest
from harness.gateway.storage import Storage
from harness.gateway.token_refusal import TokenRefusal, refuse_token
from harness.oci.errors import ErrorCode, error_body
from harness.seams import Act

AnyAct = TypeVar("AnyAct", bound=Act)
HeaderLines = list[tuple[bytes, bytes]]
OwnAnswer = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body

JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, kw_only=True)
class RuleContext:
    """What a behaviour knows of its rule, and may use of its gateway."""

    rule: str = ""
    methods: tuple[str, ...] = ()
    chance: Chance = field(default_factory=lambda: Chance(0, ""))
    token_refusal: TokenRefusal = refuse_token
    storage: Storage = field(default_factory=Storage)

    def refuse_token(self, request: GatewayRequest, error: str | None) -> OwnAnswer:
        """401 with a Bearer challenge; `error` is the challenge's error attribute."""
        name = request.repositories[0] if request.repositories else ""
        return self.token_refusal(request.scope, request.method, name, error)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a rule decides about a request that it matches.

    `ignore`: nothing. `join`: the rule takes part, and later rules are tried. `end`: it takes part,
    and later rules are not tried. `answer`: it answers in the registry's place. `headers` go with
    the answer, whoever gives it; the registry is asked for `path`, if there is one.
    """

    step: Literal["ignore", "join", "end", "answer"]
    headers: tuple[tuple[str, str], ...] = ()
    path: str | None = None


IGNORE = Verdict(step="ignore")
JOIN = Verdict(step="join")
END = Verdict(step="end")
ANSWER = Verdict(step="answer")


class Meter(Protocol):
    """Counts or slows the content of answers."""

    def bytes_per_s(self, now_s: float) -> float:
        """The speed at which content is sent; infinite when it is not slowed."""
        ...

    def remaining_bytes(self, now_s: float) -> int | None:
        """What may be sent before the speed changes; None when nothing is counted."""
        ...

    def spend(self, count: int, now_s: float) -> float:
        """Count `count` bytes; for how many seconds they are held before they go out."""
        ...


class Behaviour(Generic[AnyAct]):
    """One rule's act at work, with the state that it needs. The hooks do nothing by default.

    The hooks of a request are called in the order in which they stand here. After `decide`, those
    of an answering rule are `answer` only, and those of an ignoring rule none.
    """

    behind_login = False  # GET and HEAD ask the registry first, and its 401 is not replaced

    def __init__(self, act: AnyAct, context: RuleContext) -> None:
        self.act = act
        self.context = context

    def always_matches(self, request: GatewayRequest) -> bool:
        """Whether the rule acts on a request in its scope whatever its share."""
        return False

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        """What becomes of `request`. `now_s` is on the monotonic clock."""
        return JOIN

    def place(self) -> AbstractAsyncContextManager[float] | None:
        """Wait for a place before the registry is asked, and keep it until the answer is sent.

        It yields for how many more seconds the request is held.
        """
        return None

    def answer(self, request: GatewayRequest) -> OwnAnswer | None:
        """The answer in the registry's place; None resets the connection."""
        raise TypeError(f"{self.act}: does not answer")

    def delay_s(self) -> float | None:
        """For how long the answer is held back before its first byte; None: not at all."""
        return None

    def counts(self, status: int, method: str) -> bool:
        """Whether an answer of the registry itself shows that the request was affected."""
        return False

    def change_headers(self, status: int, headers: HeaderLines) -> bool:
        """Change the headers of an answer in place; False when nothing was there to change."""
        return False

    def change_body(self, request: GatewayRequest, held: Extent) -> BodyChange | None:
        """What changes in a body that holds `held`. Only asked of the rule that said `end`."""
        return None

    def meter(self) -> Meter | None:
        """What counts or slows the answer's content."""
        return None

    def end(self) -> None:
        """Let go of every request that is held: the rule is removed, or past its deadline."""


def error_answer(
    status: int,
    code: ErrorCode,
    message: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> OwnAnswer:
    """An error in the specification's form; a `message` of None is the code's own."""
    return status, [JSON, *headers], error_body(code, message)


def replace_header(headers: HeaderLines, name: bytes, change: Callable[[str], str]) -> bool:
    """Change each value of `name` in place; False when nothing differs afterwards."""
    before = list(headers)
    for place, (its_name, value) in enumerate(headers):
        if its_name.lower() == name:
            headers[place] = (its_name, change(str(value, "latin-1")).encode("latin-1"))
    return headers != before
