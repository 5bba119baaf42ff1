"""The gateway seam: HTTP in front of the registry."""

from typing import Literal, Protocol, TypedDict, Unpack

from harness.seams.acts import Act, OtherImage
from harness.seams.scope import Injection, RequestKind


class RuleMatch(TypedDict, total=False):
    """What narrows a rule beside the fault's scope; see `harness.gateway.orders.RuleOrder`.

    `authenticated`: only requests with (True) or without (False) an Authorization header. `share`
    is drawn from the fault's chance by method, path, node and how often this same request came
    before, so that a retry is a new draw; with `per` node it is drawn once a node. `by`: only
    what is asked for by tag, or by digest.
    """

    methods: tuple[str, ...]
    share: float
    digests: tuple[str, ...]
    authenticated: bool | None
    by: Literal["tag", "digest"] | None
    per: Literal["request", "node"]


class Gateway(Protocol):
    """HTTP in front of the registry."""

    def rule(
        self, act: Act, *, kinds: tuple[RequestKind, ...], **narrowed: Unpack[RuleMatch]
    ) -> Injection:
        """Match requests and act on them until the block is left.

        The fault's `where` narrows the match, too (its `kinds` replace the default ones).
        """
        ...

    def instead(
        self,
        other: OtherImage,
        *,
        platform: tuple[str, str] = ("linux", "amd64"),
        share: float = 1.0,
        per: Literal["request", "node"] = "request",
        alone: bool = False,
    ) -> Injection:
        """Answer requests for the tags in scope with another image; see `Instead`.

        `platform` is the one that is missing or wrong.
        """
        ...
