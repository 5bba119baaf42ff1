"""`report.html`: one file that opens from disk, in light, dark and print, without a network."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.analysis import Analysis, Findings
from harness.analysis.comparison import Comparison
from harness.analysis.findings import ExpectationFinding
from harness.analysis.frames import records
from harness.analysis.json_values import plain
from harness.analysis.pod_findings import DelayFinding
from harness.analysis.transfer_findings import PullsFinding, PushesFinding
from harness.report import words
from harness.report.breakdown import breakdown_tables, latency_table
from harness.report.charts import charts
from harness.report.comparison import comparison_rows

PAGE_FOLDER: Final = Path(__file__).parent / "page"
_MOST_TABLE_ROWS: Final = 60
_MOST_STRETCHES: Final = 50
_FEWEST_FOR_P95: Final = 20
_LONGEST_CELL: Final = 300
_MARKS: Final = {"pass": "✓", "fail": "✕", "inconclusive": "?"}
_TITLES: Final = {"pass": "Passed", "fail": "Failed", "inconclusive": "Inconclusive"}
_NOT_IN_SCRIPT: Final = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def page(analysis: Analysis, bundle: str, comparison: Comparison | None = None) -> str:
    """The page, with the drawing library `bundle` inside, and what the run was compared with.

    Only the two scripts named by their hash may run, so that no text in the page ever can.
    """
    findings, recorded = analysis.findings, analysis.findings.recording
    script = (PAGE_FOLDER / "report.js").read_text(encoding="utf-8")
    template = templates().get_template("report.html.j2")
    return template.render(
        f=findings,
        comparison=comparison and comparison_rows(comparison),
        mark=_MARKS[findings.verdict],
        title=_TITLES[findings.verdict],
        charts=defaultdict(lambda: None, charts(analysis)),
        zoom_end=round(findings.run.duration_s, 3),
        zoom_faults=_around_faults(findings),
        delays=_delays(findings),
        has_pods=bool(recorded.pods or not (recorded.pulls or recorded.pushes)),
        breakdown=breakdown_tables(findings),
        latencies=latency_table(findings),
        phased=words.phased(findings),
        tiles=_tiles(findings),
        simulated=words.simulated_text(findings),
        wrong_image=words.wrong_image_text(findings),
        reasons=[one for one in findings.reasons if one.kind not in _SAID_ELSEWHERE],
        style=Markup((PAGE_FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704  ours
        bundle=Markup(bundle),  # noqa: S704  the library's own text, escaped above
        script=Markup(script),  # noqa: S704  ours
        hashes=[script_hash(bundle), script_hash(script)],
    )


_SAID_ELSEWHERE: Final = frozenset({"expectation_failed", "not_judged"})


def in_script(value: Any) -> Markup:
    """`value` as JSON that cannot end the script element it stands in."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup("".join(_NOT_IN_SCRIPT.get(c, c) for c in text))  # noqa: S704  escaped here


def script_hash(script: str) -> str:
    """How a Content-Security-Policy names a script that may run."""
    digest = hashlib.sha256(script.encode("utf-8", "replace")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def templates() -> Environment:
    """The pages, autoescaped, with the words that they use."""
    environment = Environment(
        loader=FileSystemLoader(PAGE_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=words.seconds,
        size=words.size,
        percent=words.percent,
        quantile=words.quantile_text,
        interval=words.interval_text,
        value=words.value_text,
        margin=words.margin_text,
        bites=words.bites_text,
        first_success=words.first_success_text,
        recovery=words.recovery_text,
        path=words.image_path,
        meanwhile=words.meanwhile_text,
        nodes_of=words.nodes_text,
        short=_short,
        in_script=in_script,
        rows=_rows,
        gauge=_gauge,
    )
    environment.globals.update(room_text=_room_text, scrolling=_scrolling)
    return environment


def _scrolling(name: str) -> Markup:
    """What a wide table stands in: it scrolls by itself, and a keyboard can reach it."""
    opening = '<div class="scroll" role="region" tabindex="0" aria-label="{}">'
    return Markup(opening).format(_short(name, 120))  # noqa: S704  format escapes


def _room_text(details: Mapping[str, Any]) -> str:
    """What a room says of itself; nested values are for findings.json."""
    flat = {key: value for key, value in details.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{key} {value}" for key, value in flat.items())


def _short(text: str, longest: int = _LONGEST_CELL) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _rows(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame for a small table: head, the first rows as texts, and how many more there are."""
    shown = records(frame.head(_MOST_TABLE_ROWS))
    return {
        "head": [str(column) for column in frame.columns],
        "rows": [[_cell(value) for value in row.values()] for row in shown],
        "more": max(0, len(frame) - _MOST_TABLE_ROWS),
    }


def _cell(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124  NaN test
        return words.NONE
    return f"{value:,.4g}" if isinstance(value, float) else _short(str(value))


def _around_faults(findings: Findings) -> list[dict[str, Any]]:
    """For each occurrence that was on, the stretch of time that shows it with its surroundings."""
    stretches = []
    for one in findings.faults:
        if one.injected_s is None:
            continue
        healed_s = findings.run.duration_s if one.healed_s is None else one.healed_s
        around_s = max(1.0, (healed_s - one.injected_s) / 2)
        name = f"{one.fault} #{one.occurrence}" if one.occurrence > 1 else one.fault
        from_s, to_s = max(0.0, one.injected_s - around_s), healed_s + 2 * around_s
        stretches.append({"name": _short(name), "from_s": round(from_s, 3), "to_s": round(to_s, 3)})
    return stretches[:_MOST_STRETCHES]


def _delays(findings: Findings) -> list[tuple[DelayFinding, DelayFinding]]:
    """Groups that are shown, each with its population of ready pods."""
    ready = {(it.group, it.name): it for it in findings.delay if it.population == "ready"}
    return [(one, ready[one.group, one.name]) for one in words.told_delays(findings)]


def _gauge(finding: ExpectationFinding) -> dict[str, float] | None:
    """Where value and limit stand on a small scale, in percent of its width."""
    known = finding.value if finding.value is not None else finding.more_than
    if known is None or not finding.samples:
        return None
    whole = 1.0 if finding.unit == "share" else max(known, finding.limit) * 1.15
    if whole <= 0:
        return None
    return {
        "value": round(min(100.0, known / whole * 100), 2),
        "limit": round(min(100.0, finding.limit / whole * 100), 2),
    }


def _tiles(findings: Findings) -> list[dict[str, str]]:
    """The few numbers that answer the question of the page."""
    phases = {"before", "during", "after"} if words.phased(findings) else {""}
    tiles = _pod_tiles(findings) if findings.recording.pods else []
    for what, found in (("pull", findings.pulls), ("push", findings.pushes)):
        counts = [(getattr(one, "pulls" if what == "pull" else "pushes"), one) for one in found]
        if not tiles:
            tiles += [
                _duration_tile(what, count, one)
                for count, one in counts
                if count and one.phase in phases
            ]
        count, whole = counts[0]
        if count and (what == "pull" or not findings.recording.pods):
            many = "pulls" if what == "pull" else "pushes"
            note = f"{whole.failed:,} of {count:,} {many} failed"
            rate = words.percent(whole.error_rate)
            label = f"{what.capitalize()} error rate"
            tiles.append({"label": label, "value": rate, "note": note, "tone": ""})
    return tiles


def _pod_tiles(findings: Findings) -> list[dict[str, str]]:
    wanted = "phase" if words.phased(findings) else "all"
    tiles = [_delay_tile(one) for one in words.told_delays(findings) if one.group == wanted]
    if findings.recovery:
        tiles.append(_recovery_tile(findings))
    backoff = findings.backoff[0]
    if backoff.sum_s:
        note = f"pod time spent in back-off, {backoff.pods_in_backoff:,} of {backoff.pods:,} pods"
        tiles.append(
            {"label": "Time in back-off", "value": words.seconds(backoff.sum_s)}
            | {"note": note, "tone": "backoff"}
        )
    return tiles


def _duration_tile(what: str, count: int, one: PullsFinding | PushesFinding) -> dict[str, str]:
    return {
        "label": f"p95 {what} duration {one.phase}".rstrip(),
        "value": words.quantile_text(one.ok_p95),
        "note": f"{one.ok:,} of {count:,} succeeded",
        "tone": one.phase,
    }


def _delay_tile(one: DelayFinding) -> dict[str, str]:
    quantile = "p95" if one.pods >= _FEWEST_FOR_P95 else "Longest"
    return {
        "label": f"{quantile} delay {one.name if one.group == 'phase' else ''}".rstrip(),
        "value": words.quantile_text(one.p95),  # of fewer pods it is the longest
        "note": f"{one.ready:,} of {one.pods:,} pods Ready",
        "tone": one.name,
    }


def _recovery_tile(findings: Findings) -> dict[str, str]:
    never = max(one.pods_never_ready for one in findings.recovery)
    finished = findings.run.ended == "finished"
    waits = [one.recovery_wait_s for one in findings.recovery if one.recovery_wait_s is not None]
    value = "never" if never else words.seconds(max(waits, default=None))
    if not finished:
        value = "not measured"
    note = (
        f"{never:,} waiting pods were not Ready by the end of the run"
        if never
        else "last fault removed to last waiting pod Ready"
    )
    if not never and not any(one.pods_waiting for one in findings.recovery):
        note = "no pod was waiting when a fault was removed"
    return {"label": "Recovery", "value": value, "note": note, "tone": "after"}
