"""What `abort_when` can stop a run by: metrics that are known meanwhile, and signals."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from harness.oci.reference import is_host
from harness.recording.metrics import Metric
from harness.recording.tally import ABORT_METRICS
from harness.scenario.complaints import Path, did_you_mean, got
from harness.scenario.fault_checks import Faults, Problem
from harness.scenario.model import Abort, ScenarioBody
from harness.units import seconds, share

_KINDS: Final = ("metric", "url", "command")
_OF_METRICS: Final = ("quantile", "above", "below")
_OF_SIGNALS: Final = {"every": "every_s", "timeout": "timeout_s"}


def aborts_can_be_judged(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    """Complaints about what could never stop the run, or would at once."""
    for index, abort in enumerate(body.abort_when):
        at: Path = ("abort_when", index)
        kinds = [kind for kind in _KINDS if getattr(abort, kind) is not None]
        if len(kinds) != 1:
            yield at, "must have exactly one of metric, url and command"
            continue
        others = _OF_SIGNALS if abort.metric is not None else {key: key for key in _OF_METRICS}
        for key, name in others.items():
            if getattr(abort, name) is not None:
                yield (*at, key), f"does not apply to a {kinds[0]}"
        if abort.over_s is None and abort.command is None:
            yield at, f"must have over: for how long the {kinds[0]} must be so"
        if abort.metric is not None:
            yield from _metric_is_right(abort, abort.metric, at, body.environment.cluster.provider)
        elif body.environment.cluster.provider == "simulated":
            said = "needs a run in real time, and simulated nodes have a clock of their own"
            yield (*at, kinds[0]), said
        elif abort.url is not None:
            yield from _url_is_right(abort.url, at)
        elif not (abort.command and abort.command[0]):
            yield (*at, "command"), "must have a program, as [./healthy, --quick]"


def _metric_is_right(abort: Abort, word: str, at: Path, provider: str) -> Iterator[Problem]:
    metric = ABORT_METRICS.get(word)
    if metric is None:
        hint = did_you_mean(word, ABORT_METRICS)
        yield (*at, "metric"), f"is not known{hint}, got {got(word)}"
    elif metric.live == "nowhere":
        said = f"must be known during the run, and {word} is known only after it"
        yield (*at, "metric"), said
    elif metric.live == "emulated" and provider in ("kind", "existing"):
        said = f"must be known during the run, and {word} of real nodes is known only after it"
        yield (*at, "metric"), said
    else:
        yield from _limit_is_right(abort, metric, at)


def _limit_is_right(abort: Abort, metric: Metric, at: Path) -> Iterator[Problem]:
    if abort.quantile is not None and not metric.quantile:
        yield (*at, "quantile"), f"does not apply to {abort.metric}"
    given = [key for key in ("above", "below") if getattr(abort, key) is not None]
    if metric.unit == "s" and given != ["above"]:
        yield at, f"must have above, and not below, for {abort.metric}"
        return
    if len(given) != 1:
        yield at, "must have exactly one of above and below"
        return
    value = getattr(abort, given[0])
    try:
        limit = seconds(value) if metric.unit == "s" else share(value)
    except ValueError as error:
        yield (*at, given[0]), f"{error}, got {got(value)}"
        return
    if metric.unit == "share" and given == ["above"] and limit >= 1:
        yield (*at, "above"), "must be below 100%: nothing can be above it"
    if given == ["below"] and limit <= 0:
        yield (*at, "below"), "must be above 0%: nothing can be below it"


def _url_is_right(url: str, at: Path) -> Iterator[Problem]:
    try:
        place = urlsplit(url)
        good = place.scheme in ("http", "https") and is_host(place.netloc.rpartition("@")[2])
    except ValueError:
        good = False
    if not good:
        yield (*at, "url"), f"must be a URL of http or https, got {got(url)}"
    elif "@" in place.netloc:
        yield (*at, "url"), "must hold no login: it would be in every report"
