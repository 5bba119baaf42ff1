"""The findings in a few plain lines, for a terminal or a log."""

from harness.analysis.findings import ExpectationFinding, Findings
from harness.analysis.pod_findings import DelayFinding
from harness.report.words import (
    bites_text,
    margin_text,
    meanwhile_text,
    quantile_text,
    seconds,
    simulated_text,
    told_delays,
    value_text,
    wrong_image_text,
)

_MOST_REASONS = 8
_WIDEST = 200
_LABEL = len("inconclusive") + 2


def findings_text(findings: Findings) -> str:
    """Verdict, expectations, faults, delay by phase and recovery: plain, no colour."""
    lines = [f"{findings.verdict.upper()}  {findings.headline}"]
    lines += [*filter(None, [simulated_text(findings), wrong_image_text(findings)]), ""]
    lines += _expectations(findings)
    lines += _faults(findings)
    lines += _delays(findings)
    lines += _recoveries(findings)
    lines += _failing(findings)
    elsewhere = {"expectation_failed", "not_judged"}
    lines += _limit(findings)
    rest = [reason.text for reason in findings.reasons if reason.kind not in elsewhere]
    lines += [f"note: {text}" for text in rest[:_MOST_REASONS]]
    lines += [f"note: {problem}" for problem in findings.recording.problems[:_MOST_REASONS]]
    return "\n".join(one_line(line) for line in lines).rstrip()


def one_line(text: str) -> str:
    """`text` without line ends and control characters, which a terminal would obey."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * _WIDEST])
    return printable.rstrip() if len(printable) <= _WIDEST else printable[: _WIDEST - 1] + "…"


def expectation_line(one: ExpectationFinding) -> str:
    """Verdict, what was expected, what was measured, from how many samples."""
    note = f"  ({one.note})" if one.note else ""
    margin = f", margin {margin_text(one)}" if one.margin is not None else ""
    return f"{one.verdict:<{_LABEL}}{one.text}: {value_text(one)}{margin}, n={one.samples}{note}"


def _expectations(findings: Findings) -> list[str]:
    lines = [expectation_line(one) for one in findings.expectations]
    return [*lines, ""] if lines else []


def _faults(findings: Findings) -> list[str]:
    lines = []
    for one in findings.faults:
        if one.injected_s is None:
            lines.append(
                f"{'fault':<{_LABEL}}{one.fault} #{one.occurrence}: not injected {one.error}"
            )
            continue
        until = "never removed" if one.healed_s is None else f"to {seconds(one.healed_s)}"
        lines.append(
            f"{'fault':<{_LABEL}}{one.fault} #{one.occurrence}: {seconds(one.injected_s)} {until}, "
            f"affected requests: {bites_text(one)}"
        )
    return [*lines, ""] if lines else []


def _delays(findings: Findings) -> list[str]:
    rows = [one for one in told_delays(findings) if one.group != "fault"]
    if not rows:
        return []
    head = f"{'deployment delay':<18}{'pods':>6}{'ready':>7}" + "".join(
        f"{name:>12}" for name in ("p50", "p95", "p99", "max")
    )
    return [head, *(_delay(one) for one in rows), ""]


def _delay(one: DelayFinding) -> str:
    quantiles = (one.p50, one.p95, one.p99, one.max)
    cells = "".join(f"{quantile_text(quantile):>12}" for quantile in quantiles)
    return f"  {one.name:<16}{one.pods:>6}{one.ready:>7}{cells}"


def _recoveries(findings: Findings) -> list[str]:
    lines = []
    never = "never became ready" if findings.run.ended == "finished" else "were not ready yet"
    for one in findings.recovery:
        if one.first_success_wait_s is not None:
            first = f"first success after {seconds(one.first_success_wait_s)}"
        else:
            first = f"nothing {'succeeded' if one.tried_again else 'was tried'} since"
        if one.pods_never_ready:
            last = f"{one.pods_never_ready} of {one.pods_waiting} waiting pods {never}"
        elif one.pods_waiting:
            last = f"all {one.pods_waiting} waiting pods ready after {seconds(one.recovery_wait_s)}"
        else:
            last = "no pod was waiting"
        waited = f", {last}" if findings.recording.pods else ""
        lines.append(f"{'removed':<{_LABEL}}{one.fault} #{one.occurrence}: {first}{waited}")
    return [*lines, ""] if lines else []


def _limit(findings: Findings) -> list[str]:
    """What limited the run, unless it is one of the reasons."""
    load = findings.load
    reasons = {reason.text for reason in findings.reasons}
    if load.limited_by == "nothing" or load.limited_by_text in reasons:
        return []
    return [f"limited by {load.limited_by}: {load.limited_by_text}", ""]


def _failing(findings: Findings) -> list[str]:
    """What failed although no fault was planned."""
    if findings.faults:
        return []
    lines = [
        f"{'failed':<{_LABEL}}{one.repository}: {one.failed} pulls, {one.cause}, "
        f"{seconds(one.first_s)} to {seconds(one.last_s)}, pods: {one.pods}; "
        f"successful meanwhile: {meanwhile_text(one)}"
        for one in findings.failing[:_MOST_REASONS]
    ]
    return [*lines, ""] if lines else []
