"""What nodes did in a case, from the samples of a run, and how two kinds of nodes differ."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from harness.analysis.error_groups import normalised
from harness.analysis.json_values import finite
from harness.analysis.recorded_run import RecordedRun
from harness.clusters.rollouts.access_records import read_access_records
from tests.fidelity.cases import FAULT_AT_S, FAULT_FOR_S, GROUPS, NODES, Group

# Of the larger: what two medians of deployment delay may differ by.
DELAY_SHARE: Final = 0.10
DELAY_S: Final = 1.5
_HEALED_S: Final = FAULT_AT_S + FAULT_FOR_S
_USUAL: Final = 0.25
_FEW: Final = 0.5  # requests of fewer than half the attempts are chance
# Of the scheduler, and of a kubelet that has not yet heard of a secret as young as its pod.
_NOT_OF_PULLS: Final = ("Scheduled", "FailedToRetrieveImagePullSecret")
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::(?:<port>|\d+))?")
_REPOSITORY: Final = re.compile(r"/[a-z0-9-]+(?=:v|/(?:manifests|blobs)/)")


@dataclass(kw_only=True)
class Seen:
    """What pods of one case showed, and how many of them did."""

    delays_s: list[float | None] = field(default_factory=list)  # None: was never ready
    attempts: Counter[int] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)  # "Pulling Failed BackOff"
    reasons: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)  # while the fault was on
    tried: int = 0  # attempts meanwhile
    texts: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Seen") -> None:
        self.delays_s += other.delays_s
        self.tried += other.tried
        for name in ("attempts", "events", "reasons", "requests", "texts"):
            getattr(self, name).update(getattr(other, name))

    def requests_a_try(self) -> tuple[str, ...]:
        """`HEAD manifest 429 x5`: what reached the gateway, by attempt that began meanwhile."""
        shares = {word: count / max(1, self.tried) for word, count in self.requests.items()}
        return tuple(
            f"{word} x{share:.0f}" for word, share in sorted(shares.items()) if share >= _FEW
        )

    def quantile(self, share: float) -> float:
        """Of deployment delay, in seconds; a pod that never was ready counts as infinitely late."""
        waited = pd.Series(self.delays_s, dtype=float)
        if waited.isna().any():  # nothing lies between a number and infinity
            return float(waited.fillna(math.inf).quantile(share, interpolation="nearest"))
        return float(waited.quantile(share))


def usual(counted: Mapping[Any, int]) -> frozenset[Any]:
    """What at least a quarter showed: where pods take turns, halves of them fare differently."""
    enough = _USUAL * sum(counted.values())
    return frozenset(it for it, count in counted.items() if count >= enough)


def commonest(counted: Mapping[Any, int]) -> Any:
    """What was seen most often; None when nothing was."""
    return max(counted, key=lambda it: (counted[it], str(it)), default=None)


def seen_in(folder: Path, group: Group) -> dict[str, Seen]:
    """By case, what the pods of the run in `folder` showed."""
    tables = RecordedRun.load(folder).tables
    pods, pulls = tables["pods"], tables["pulls"]
    pulls = pulls[pulls["pod"].ne("")]
    cases: dict[str, Seen] = {}
    for pod in pods.to_dict("records"):
        seen = cases.setdefault(
            group.case_of(pod["rollout"].rpartition("-")[0], pod["node"]), Seen()
        )
        own = pulls[pulls["pod"].eq(pod["pod"])].sort_values("attempt")
        seen.delays_s.append(finite(pod["delay_s"]))
        seen.attempts[len(own)] += 1
        failed = own[own["outcome"].eq("failed")]
        seen.texts.update(map(_text, failed["error_text"]))
        seen.tried += int(own["started_s"].between(FAULT_AT_S, _HEALED_S).sum())
        told = tables["pod_events"]
        told = told[told["pod"].eq(pod["pod"])].sort_values("at_s", kind="stable")
        seen.events[_events(told[told["type"].ne("")])] += 1
        seen.reasons[" ".join(told[told["type"].eq("")]["reason"])] += 1
    nodes = [f"node-{number}" for number in range(NODES)]
    for asked in read_access_records(folder / "logs" / "access.jsonl", nodes):
        case = cases.get(group.case_of(asked.repository, asked.node))
        if case is not None and FAULT_AT_S <= asked.at_s <= _HEALED_S:
            case.requests[f"{asked.method} {asked.kind} {asked.status}"] += 1
    return cases


def _text(text: str) -> str:
    """Without what differs between two runs, the names of images and all addresses too."""
    return _ADDRESS.sub("<address>", _REPOSITORY.sub("/<name>", normalised(text)))


def _events(told: pd.DataFrame) -> str:
    """Reasons in their order."""
    return " ".join(reason for reason in told["reason"] if reason not in _NOT_OF_PULLS)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far emulated nodes are from real ones in one case."""

    case: str
    real: Seen
    emulated: Seen

    @property
    def differing(self) -> tuple[str, ...]:
        """In what pods of the two sides usually differ."""
        found = [
            name
            for name in ("attempts", "events", "reasons", "texts")
            if usual(getattr(self.real, name)) != usual(getattr(self.emulated, name))
        ]
        if self.real.requests_a_try() != self.emulated.requests_a_try():
            found.append("requests")
        return (*found, *(f"p{share * 100:.0f}" for share in (0.5, 0.95) if not self.near(share)))

    def near(self, share: float) -> bool:
        """Whether that quantile of deployment delay is within the goal."""
        real_s, emulated_s = self.real.quantile(share), self.emulated.quantile(share)
        if math.isinf(real_s) or math.isinf(emulated_s):
            return real_s == emulated_s
        return abs(real_s - emulated_s) <= max(DELAY_S, DELAY_SHARE * real_s)


def together(runs: Iterable[dict[str, Seen]]) -> dict[str, Seen]:
    """The cases of several runs in one."""
    cases: dict[str, Seen] = {}
    for run in runs:
        for name, seen in run.items():
            cases.setdefault(name, Seen()).add(seen)
    return cases


def differences(real: dict[str, Seen], emulated: dict[str, Seen]) -> list[Difference]:
    """One for each case of both, in the order of the groups."""
    cases = (case.name for group in GROUPS for case in group.cases)
    return [
        Difference(case=case, real=real[case], emulated=emulated[case])
        for case in cases
        if case in real and case in emulated
    ]
