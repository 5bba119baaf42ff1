"""Baselines: the figures of runs that others are held against, as small files for git."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.analysis.run_figures import NotComparableError, RunFigures

FORMAT: Final = 1
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A named set of runs of one scenario, oldest first."""

    name: str
    runs: tuple[RunFigures, ...]

    def to_json(self) -> str:
        """The content of `<name>.json`: a line a figure, so that a diff in git can be read."""
        head = {
            "format": FORMAT,
            "name": self.name,
            "scenario": self.runs[0].scenario if self.runs else "",
            "content": dict(self.runs[-1].content) if self.runs else {},
        }
        text = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
        runs = ",\n".join(_run_text(run.as_json()) for run in self.runs)
        return f'{text},\n "runs": [\n{runs}\n ]\n}}\n'


def _run_text(run: dict[str, Any]) -> str:
    figures = run.pop("figures")
    about = json.dumps(run, ensure_ascii=False, allow_nan=False).removesuffix("}")
    lines = ",\n".join(f"   {json.dumps(key)}: {json.dumps(one)}" for key, one in figures.items())
    return f'  {about},\n   "figures": {{\n{lines}\n  }}}}'


def baseline_path(folder: Path, name: str) -> Path:
    """Where a baseline is. Raises NotComparableError for a name that is no file name."""
    if not _NAME.fullmatch(name):
        raise NotComparableError(
            f"{name!r}: a baseline's name must be letters, digits, dots, dashes and underscores"
        )
    return folder / f"{name}.json"


def read_baseline(folder: Path, name: str) -> Baseline:
    """The baseline `name` in `folder`. Raises NotComparableError."""
    path = baseline_path(folder, name)
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "; `harness baseline list` names those that are" if folder.is_dir() else ""
        raise NotComparableError(f"{path}: no such baseline{hint}") from None
    except (OSError, ValueError) as error:
        raise NotComparableError(f"{path}: cannot be read: {error}") from error
    try:
        if whole["format"] != FORMAT:
            raise NotComparableError(
                f"{path}: has format {whole['format']}, this harness reads format {FORMAT}"
            )
        content = {str(key): str(text) for key, text in whole.get("content", {}).items()}
        runs = tuple(RunFigures.from_json(run, content) for run in whole["runs"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotComparableError(f"{path}: is not a baseline: {error!r}") from error
    return Baseline(name=name, runs=runs)


def baseline_names(folder: Path) -> list[str]:
    """The names of the baselines in `folder`."""
    return sorted(path.stem for path in folder.glob("*.json") if _NAME.fullmatch(path.stem))


def with_runs(name: str, old: Sequence[RunFigures], new: Sequence[RunFigures]) -> Baseline:
    """A baseline of both, each run once, oldest first."""
    each = {run.run_id: run for run in (*old, *new)}
    return Baseline(name=name, runs=tuple(sorted(each.values(), key=lambda run: run.started)))
