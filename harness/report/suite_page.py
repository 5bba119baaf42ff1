"""`suite.html`: the table of a suite, each run linked; no script, no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from harness.report.html import PAGE_FOLDER, templates

_TONES: Final = {"pass": "pass", "inconclusive": "inconclusive", "interrupted": "inconclusive"}


def _tone(verdict: str) -> str:
    return _TONES.get(verdict, "fail")


@dataclass(frozen=True, kw_only=True)
class SuiteLine:
    """A line as people read it. `runs`: of each its folder, verdict, and where its page is ("")."""

    cells: Sequence[str]
    verdict: str
    runs: tuple[tuple[str, str, str], ...]

    @property
    def tone(self) -> str:
        return _tone(self.verdict)

    @property
    def repeats(self) -> list[tuple[int, str, str]]:
        """Number, tone and page of each repeat; none when there is only one run."""
        runs = enumerate(self.runs, start=1) if len(self.runs) > 1 else ()
        return [(number, _tone(verdict), link) for number, (_, verdict, link) in runs]

    @property
    def link(self) -> str:
        """The page of the only run."""
        return self.runs[0][2] if len(self.runs) == 1 else ""


def suite_page(
    lines: Sequence[SuiteLine], head: Sequence[str], note: str, total: tuple[str, str]
) -> str:
    """The page of `lines` under `head`; `total`: how much was run, and what came of it."""
    verdicts = {folder: verdict for line in lines for folder, verdict, _ in line.runs}
    tones = {_tone(verdict) for verdict in verdicts.values()} | {line.tone for line in lines}
    style = (PAGE_FOLDER / "report.css").read_text(encoding="utf-8")
    return (
        templates()
        .get_template("suite.html.j2")
        .render(
            lines=lines,
            head=head,
            note=note,
            total=total,
            tone=next((tone for tone in ("fail", "inconclusive") if tone in tones), "pass"),
            style=Markup(style),  # noqa: S704  ours
        )
    )
