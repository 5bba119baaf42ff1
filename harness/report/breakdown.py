"""What is broken down into many rows, as texts: by image and rollout, by kind of request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.analysis.findings import Findings
from harness.analysis.pod_findings import BreakdownFinding, RecoveryBreakdown
from harness.analysis.windows import PHASES
from harness.report.words import NONE, latency, percent, phased, quantile_text, recovery_text


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """`head` and each row begin with a name."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_MOST_LATENCIES: Final = 60


def breakdown_tables(findings: Findings) -> tuple[TextTable, ...]:
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
            tables.append(TextTable(head=(group.capitalize(), *head), rows=rows))
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


def latency_table(findings: Findings) -> TextTable:
    """One row for each kind of request and class of status."""
    phases = PHASES if phased(findings) else ()
    head = (
        *("Requests", "Status", "n", "First byte p50", "p95", "p99"),
        *("Duration p50", "p95", "p99", *(f"p95 {phase}" for phase in phases)),
    )
    found = {(one.kind, one.status_class, one.phase): one for one in findings.latencies}
    rows = [
        (
            *(one.kind, one.status_class, f"{one.requests:,}"),
            *map(latency, (one.first_byte_p50_s, one.first_byte_p95_s, one.first_byte_p99_s)),
            *map(latency, (one.duration_p50_s, one.duration_p95_s, one.duration_p99_s)),
            *(
                latency(mine.duration_p95_s) if mine else NONE
                for mine in (found.get((one.kind, one.status_class, phase)) for phase in phases)
            ),
        )
        for one in findings.latencies
        if not one.phase
    ]
    return TextTable(head=head, rows=tuple(rows[:_MOST_LATENCIES]))
