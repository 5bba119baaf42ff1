"""`suite.html`: the table of a suite, each run linked; no script, no network."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from harness.report.html import PAGE_FOLDER, templates

_TONES: Final = {"pass": "pass", "fail": "fail", "aborted": "fail", "environment": "fail"}


@dataclass(frozen=True, kw_only=True)
class SuiteLine:
    """A line as people read it; `link` leads from the suite's page to the run's, "" is none."""

    cells: Sequence[str]
    verdict: str
    run: str
    link: str

    @property
    def tone(self) -> str:
        return _TONES.get(self.verdict, "inconclusive")


def suite_page(lines: Sequence[SuiteLine]) -> str:
    """The page of `lines`."""
    verdicts = {line.run: line.verdict for line in lines}
    tones = {_TONES.get(verdict, "inconclusive") for verdict in verdicts.values()}
    style = (PAGE_FOLDER / "report.css").read_text(encoding="utf-8")
    return (
        templates()
        .get_template("suite.html.j2")
        .render(
            lines=lines,
            counts=Counter(verdicts.values()),
            runs=len(verdicts),
            tone=next((tone for tone in ("fail", "inconclusive") if tone in tones), "pass"),
            style=Markup(style),  # noqa: S704  ours
        )
    )
