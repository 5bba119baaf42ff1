"""When the run is stopped: the limits of metrics, and signals from outside."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from harness.recording.tally import ABORT_METRICS, AbortRule
from harness.scenario.model import Abort
from harness.units import duration_text, seconds, share

_EVERY_S: Final = 5.0
_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class AbortSignal:
    """Abort when `target` has failed for `over_s`. `target`: a URL alone, or a program's argv.

    `text`: what it is, for messages; a URL without its query, which may hold a secret.
    """

    kind: Literal["url", "command"]
    target: tuple[str, ...]
    over_s: float
    every_s: float
    timeout_s: float
    text: str


def planned_rules(aborts: tuple[Abort, ...]) -> Iterator[AbortRule]:
    """Those that the run's own counts decide."""
    for abort in aborts:
        if abort.metric is None:
            continue
        over_s = abort.over_s or 0.0
        side = "below" if abort.above is None else "above"
        value = abort.below if abort.above is None else abort.above
        is_share = ABORT_METRICS[abort.metric].unit == "share"
        limit = share(value) if is_share else seconds(value)
        shown = f"{limit:.0%}" if is_share else duration_text(limit)
        yield AbortRule(
            metric=abort.metric,
            over_s=over_s,
            above=limit if side == "above" else None,
            below=limit if side == "below" else None,
            quantile=1.0 if abort.quantile is None else abort.quantile,
            text=f"{side} {shown} over {duration_text(over_s)}",
        )


def planned_signals(aborts: tuple[Abort, ...]) -> Iterator[AbortSignal]:
    """Those from outside."""
    for abort in aborts:
        if abort.metric is not None:
            continue
        target = abort.command or (abort.url or "",)
        yield AbortSignal(
            kind="command" if abort.command else "url",
            target=target,
            over_s=abort.over_s or 0.0,
            every_s=abort.every_s or _EVERY_S,
            timeout_s=abort.timeout_s or _TIMEOUT_S,
            text=shlex.join(target) if abort.command else _shown(target[0]),
        )


def _shown(url: str) -> str:
    """Without its query, which may have a token in it."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def slow_limits(rules: tuple[AbortRule, ...]) -> tuple[tuple[str, float], ...]:
    """The durations of which the load has to know how many are longer."""
    found = {
        (rule.metric, rule.above)
        for rule in rules
        if ABORT_METRICS[rule.metric].unit == "s" and rule.above is not None
    }
    return tuple(sorted(found))
