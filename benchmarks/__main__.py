"""Runs one benchmark, or all: `python -m benchmarks [NAME] [OPTIONS]`; `NAME --help` has them."""

import runpy
import sys
from pathlib import Path

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
)


def main() -> None:
    """Ratios against peers in one run; a peer that is missing is said, not guessed."""
    chosen, options = sys.argv[1:2] or NAMES, sys.argv[2:]
    if unknown := [name for name in chosen if name not in NAMES]:
        raise SystemExit(f"{unknown[0]}: no such benchmark, known: {', '.join(NAMES)}")
    for name in chosen:
        print(f"\n{name}")
        sys.argv = [f"benchmarks/{name}.py", *options]
        try:
            runpy.run_module(f"benchmarks.{name}", run_name="__main__")
        except SystemExit as stop:
            if stop.code:
                print(f"{name}: {stop.code}")


main()
