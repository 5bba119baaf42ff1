"""Runs one benchmark, or all of them.

uv run python -m benchmarks [NAME] [--json FILE] [OPTIONS]; `NAME --help` has its options, --list
the names.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
)


def run(name: str, options: list[str]) -> bool:
    """Run one in a process of its own, so that none inherits another's memory or threads."""
    print(f"\n{name}", flush=True)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    ended = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    if ended.returncode:
        print(f"{name}: ended with code {ended.returncode}")
    return ended.returncode == 0


def run_all(figures_path: Path | None) -> bool:
    """Run every one with its own settings; their figures go into one object, by name."""
    figures: dict[str, Any] = {}
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            path = Path(folder) / f"{name}.json"
            good = run(name, ["--json", str(path)]) and good
            if path.exists():
                figures[name] = json.loads(path.read_text(encoding="utf-8"))
    if figures_path is not None:
        figures_path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return good


def main() -> None:
    """Ratios against peers in one run; a peer that is missing is said, not guessed."""
    match sys.argv[1:]:
        case ["--list"]:
            print("\n".join(NAMES))
            good = True
        case ["-h" | "--help"]:
            print(__doc__)
            good = True
        case []:
            good = run_all(None)
        case ["--json", path]:
            good = run_all(Path(path))
        case [name, *options] if name in NAMES:
            good = run(name, options)
        case [name, *_]:
            raise SystemExit(f"{name}: no such benchmark, known: {', '.join(NAMES)}")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
