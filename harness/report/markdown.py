"""`report.md`: the findings as a page for pull requests and chat, small and safe to paste."""

from collections.abc import Sequence
from typing import Final

from harness.analysis.comparison import Comparison
from harness.analysis.findings import Findings
from harness.analysis.transfer_findings import FailingFinding, PullsFinding, PushesFinding
from harness.report.breakdown import TextTable, breakdown_tables, latency_table
from harness.report.comparison import comparison_rows
from harness.report.markdown_table import MOST_ROWS, escaped, table
from harness.report.words import (
    NONE,
    bites_text,
    first_success_text,
    interval_text,
    margin_text,
    meanwhile_text,
    nodes_text,
    percent,
    phased,
    quantile_text,
    recovery_text,
    seconds,
    simulated_text,
    size,
    told_delays,
    value_text,
    wrong_image_text,
)

MOST_BYTES: Final = 64 * 1024
_MOST_ERRORS: Final = 15
_MARKS: Final = {"pass": "✅ pass", "fail": "❌ fail", "inconclusive": "⚠️ inconclusive"}


def markdown(findings: Findings, comparison: Comparison | None = None) -> str:
    """The page, at most 64 KiB; what does not fit is left out from the end and said so."""
    sections = [
        _top(findings),
        _expectations(findings),
        _faults(findings),
        _failing("pulls", findings.failing),
        _failing("pushes", findings.failing_pushes),
        _delay(findings),
        _recovery(findings),
        _texts("By image and rollout", breakdown_tables(findings)),
        _attempts("Pulls", [(one.pulls, one) for one in findings.pulls], findings),
        _attempts("Pushes", [(one.pushes, one) for one in findings.pushes], findings),
        _texts("Requests", [latency_table(findings)]),
        comparison_markdown(comparison) if comparison else "",
        _errors(findings),
        _environment(findings),
        _nodes(findings),
        _notes(findings),
    ]
    page, cut = "", "\n_Truncated; the rest is in report.html and findings.json._\n"
    for section in sections:
        if not section:
            continue
        if len((page + section + cut).encode()) > MOST_BYTES:
            return page + cut
        page += section + "\n"
    return page


def _top(findings: Findings) -> str:
    title = f"# {escaped(findings.run.scenario or 'run')}: {_MARKS[findings.verdict]}"
    wrong = escaped(wrong_image_text(findings))
    above = map(escaped, (findings.headline, simulated_text(findings)))
    lines = (title, *above, wrong and f"**{wrong}**", escaped(findings.run.summary))
    return "\n\n".join(filter(None, lines)) + "\n"


def _expectations(findings: Findings) -> str:
    if not findings.expectations:
        return ""
    head = ("Expectation", "Measured", "Margin", "Samples", "Verdict", "Note")
    rows = (
        (one.text, value_text(one), margin_text(one), f"{one.samples:,}", one.verdict, one.note)
        for one in findings.expectations
    )
    return "## Expectations\n\n" + table(head, rows)


def _faults(findings: Findings) -> str:
    if not findings.faults:
        return ""
    head = ("Fault", "Injected", "Removed", "Affected requests", "Note")
    rows = (
        (
            f"{one.fault} #{one.occurrence}" if one.occurrence > 1 else one.fault,
            seconds(one.injected_s) if one.injected_s is not None else "not injected",
            seconds(one.healed_s) if one.healed_s is not None else NONE,
            bites_text(one),
            one.error,
        )
        for one in findings.faults
    )
    return "## Faults\n\n" + table(head, rows)


def _failing(what: str, found: Sequence[FailingFinding]) -> str:
    if not found:
        return ""
    counts, times = (
        (f"Failed {what}", "Pods", "Nodes"),
        ("From", "To", "Worked until", "Working again"),
    )
    head = ("Repository", "Cause", *counts, *times, "Successful meanwhile")
    rows = (
        (
            *(one.repository, one.cause, f"{one.failed:,}", f"{one.pods:,}", nodes_text(one)),
            *map(seconds, (one.first_s, one.last_s, one.worked_until_s, one.works_from_s)),
            meanwhile_text(one),
        )
        for one in found
    )
    return f"## {what.capitalize()} that failed\n\n" + table(head, rows)


def _delay(findings: Findings) -> str:
    shown = told_delays(findings)
    if not shown:
        return ""
    head = ("Pods", "n", "Ready", "p50", "p95", "95 % interval of p95", "p99", "Max")
    rows = (
        (
            one.name if one.group != "fault" else f"during {one.name}",
            f"{one.pods:,}",
            f"{one.ready:,}",
            *map(quantile_text, (one.p50, one.p95)),
            interval_text(one.p95),
            *map(quantile_text, (one.p99, one.max)),
        )
        for one in shown
    )
    note = "\nPods that never became Ready count as slower than all others.\n"
    return "## Deployment delay\n\n" + table(head, rows) + note + "\n" + _parts(findings)


def _parts(findings: Findings) -> str:
    wanted = ("all", "phase") if phased(findings) else ("all",)
    shown = [one for one in findings.delay_parts if one.group in wanted]
    if not shown:
        return ""
    head = ("Mean of", *shown[0].mean_s)
    rows = ((one.name, *(seconds(mean) for mean in one.mean_s.values())) for one in shown)
    return table(head, rows)


def _recovery(findings: Findings) -> str:
    if not findings.recovery:
        return ""
    head = ("After removing", "First success", "Pods waiting", "All ready", "Lost in back-off")
    rows = (
        (
            f"{one.fault} #{one.occurrence}",
            first_success_text(one),
            f"{one.pods_waiting:,}",
            recovery_text(one, finished=findings.run.ended == "finished"),
            f"median {seconds(one.retry_wait_median_s)}, max {seconds(one.retry_wait_max_s)}",
        )
        for one in findings.recovery
    )
    return "## Recovery\n\n" + table(head, rows)


def _texts(title: str, found: Sequence[TextTable]) -> str:
    tables = "\n".join(table(one.head, one.rows) for one in found if one.rows)
    return tables and f"## {title}\n\n{tables}"


def _attempts(
    what: str, phases: list[tuple[int, PullsFinding | PushesFinding]], findings: Findings
) -> str:
    """A table of how many there were in each phase and how they ended; "" when none were."""
    by_phase = phased(findings)
    shown = [(count, one) for count, one in phases if count and (by_phase or not one.phase)]
    if not shown:
        return ""
    quantiles = ("p50 of OK", "p95 of OK", "Service time p50", "p95")
    head = (what, "n", "Failed", "Error rate", "Causes", *quantiles, "No client free", "Bytes")
    rows = (
        (
            one.phase or "all",
            f"{count:,}",
            f"{one.failed:,}",
            percent(one.error_rate),
            ", ".join(f"{cause} {times:,}" for cause, times in one.causes.items()),
            quantile_text(one.ok_p50),
            quantile_text(one.ok_p95),
            quantile_text(one.service_p50),
            quantile_text(one.service_p95),
            f"{one.pool_exhausted:,}",
            size(one.bytes_sum),
        )
        for count, one in shown
    )
    note = "Durations are from when it was due, service times from its first request."
    return f"## {what}\n\n{table(head, rows)}\n{note}\n"


def comparison_markdown(found: Comparison) -> str:
    """What the run was compared with, what is worse first."""
    head = ("Change", "Figure", "Before", "Now", "Change (95 % interval)", "Rank test p")
    shown = comparison_rows(found)
    rows = [(one.label, one.name, one.a, one.b, one.change, one.p) for one in shown.rows]
    parts = [
        "## Comparison",
        escaped(shown.headline),
        table(head, rows).rstrip("\n"),
        "\n".join(f"- {escaped(note)}" for note in shown.notes),
        escaped(shown.limits),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _errors(findings: Findings) -> str:
    if not findings.errors:
        return ""
    rows = ((f"{one.count:,}", one.of, one.cause, one.text) for one in findings.errors)
    return "## Errors\n\n" + table(("Count", "Of", "Cause", "Text"), rows, _MOST_ERRORS)


def _environment(findings: Findings) -> str:
    run, load = findings.run, findings.load
    facts = (
        ("Run", run.run_id),
        ("Started", run.started),
        ("Duration", seconds(run.duration_s)),
        ("Ended", run.ended),
        ("Seed", str(run.seed)),
        ("Link", run.link_kind),
        ("Lateness of the load (p99)", seconds(load.lateness_p99_s)),
        ("Load generator", "saturated" if load.saturated else "on schedule"),
        ("Limited by", f"{load.limited_by}: {load.limited_by_text}".removesuffix(": ")),
        ("Versions", ", ".join(f"{name} {number}" for name, number in run.versions.items())),
        ("Repeat with", run.command),
    )
    return "## Environment\n\n" + table(("", ""), (fact for fact in facts if fact[1]))


def _nodes(findings: Findings) -> str:
    """What real nodes counted by themselves."""
    if not findings.node_metrics:
        return ""
    names = list(dict.fromkeys(name for it in findings.node_metrics for name in it.counts))
    head = ("Node", *(name.replace("_", " ") for name in names))
    rows = (
        (it.node, *(f"{it.counts[name]:g}" if name in it.counts else "" for name in names))
        for it in findings.node_metrics
    )
    watched = findings.watched
    lossy = (
        f"\n{watched.pods} pods were watched; {watched.pods_without_pull_event} became Ready "
        f"without a pull event, and {watched.events_lost} events were counted but not received.\n"
        if watched
        else ""
    )
    return "## Counters of the nodes\n\n" + table(head, rows) + lossy


def _notes(findings: Findings) -> str:
    elsewhere = {"expectation_failed", "not_judged"}
    lines = [one.text for one in findings.reasons if one.kind not in elsewhere]
    lines += findings.recording.problems
    if not lines:
        return ""
    shown = [f"- {escaped(line)}" for line in lines[:MOST_ROWS]]
    if len(lines) > MOST_ROWS:
        shown.append(f"- and {len(lines) - MOST_ROWS} more")
    return "## Notes\n\n" + "\n".join(shown) + "\n"
