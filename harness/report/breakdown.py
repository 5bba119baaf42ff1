"""Delay, recovery and pulls of each image and rollout as texts, one row each."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.analysis.findings import Findings
from harness.analysis.pod_findings import BreakdownFinding, RecoveryBreakdown
from harness.analysis.windows import PHASES
from harness.report.words import NONE, percent, phased, quantile_text, recovery_text


@dataclass(frozen=True, kw_only=True)
class BreakdownTable:
    """The images, or the rollouts. `head` and each row begin with their name."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def breakdown_tables(findings: Findings) -> tuple[BreakdownTable, ...]:
    """One table of images and one of rollouts, each where there are several."""
    phases = PHASES if phased(findings) else ()
    head = (
        *("Pods", "Ready", "p50", "p95", *(f"p95 {phase}" for phase in phases), "Longest recovery"),
        *("Pulls", "Failed", "Error rate", "Pull p95"),
    )
    tables = []
    for group in ("image", "rollout"):
        rows = tuple(_rows(findings, group, phases))
        if rows:
            tables.append(BreakdownTable(head=(group.capitalize(), *head), rows=rows))
    return tuple(tables)


def _rows(findings: Findings, group: str, phases: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    found = {(one.name, one.phase): one for one in findings.breakdown if one.group == group}
    for (name, phase), one in found.items():
        if not phase:
            mine = (found.get((name, phase)) for phase in phases)
            heals = [
                it for it in findings.recovery_breakdown if (it.group, it.name) == (group, name)
            ]
            yield (
                *(name, f"{one.pods:,}", f"{one.ready:,}", *map(quantile_text, (one.p50, one.p95))),
                *map(_p95, mine),
                _longest(heals, finished=findings.run.ended == "finished"),
                *(f"{one.pulls:,}", f"{one.pulls_failed:,}", percent(one.pull_error_rate)),
                quantile_text(one.pull_p95),
            )


def _p95(one: BreakdownFinding | None) -> str:
    return NONE if one is None else quantile_text(one.p95)


def _longest(heals: list[RecoveryBreakdown], *, finished: bool) -> str:
    """Of the heals after which pods were waiting, the one that took longest."""
    waited = [one for one in heals if one.pods_waiting]
    if not waited:
        return NONE
    longest = max(waited, key=lambda one: (one.pods_never_ready, one.recovery_wait_s or 0.0))
    return recovery_text(longest, finished=finished)
