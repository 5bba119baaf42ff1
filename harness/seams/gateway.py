"""The gateway seam: HTTP in front of the registry."""

from typing import Literal, Protocol

from harness.seams.acts import Act, OtherImage
from harness.seams.scope import Injection, RequestKind


class Gateway(Protocol):
    """HTTP in front of the registry."""

    def rule(
        self,
        act: Act,
        *,
        kinds: tuple[RequestKind, ...],
        methods: tuple[str, ...] = (),
        share: float = 1.0,
        digests: tuple[str, ...] = (),
        authenticated: bool | None = None,
        by: Literal["tag", "digest"] | None = None,
        per: Literal["request", "node"] = "request",
    ) -> Injection:
        """Match requests and act on them until the block is left.

        The fault's `where` narrows the match (its `kinds` replace the default ones).
        `authenticated`: only requests with (True) or without (False) an Authorization header.
        `share` is asked of the fault's chance by method, path, node and how often this same ask
        came before, so that a retry is a new question; with `per` node it is asked once a node.
        `by`: only what is asked for by tag, or by digest.
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
