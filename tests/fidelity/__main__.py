"""Runs the same scenarios on real and on emulated nodes, and writes what differs.

    uv run python -m tests.fidelity [--runs 5] [--group NAME ...] [--seen FOLDER] [--out PAGE]

Needs Docker and kind. The cluster is made once and deleted at the end. With `--seen` each run is
kept: the command goes on where it stopped, and several share the work, each with a cluster; where
processors are few, `--side` lets the two kinds of nodes take turns.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tests.fidelity.cases import GROUPS, NODES, Group
from tests.fidelity.comparing import Seen, differences, seen_in, together
from tests.fidelity.table import markdown

ROOT = Path(__file__).parents[2]


SIDES = ("kind", "emulated")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one run of a group showed, by case; versions are those of a cluster."""

    cases: dict[str, Seen]
    versions: dict[str, str]


_RAN = TypeAdapter(Ran)


class RunFailed(Exception):  # noqa: N818  told, and the others go on
    """A run that came to nothing; the message says which and why."""


class Laboratory:
    """Runs groups below `folder`; the kind cluster of the first run is kept for the others."""

    def __init__(self, folder: Path, *, reuse: str | None = None) -> None:
        self._folder = folder
        self._cluster = reuse
        self._versions: dict[str, str] = {}

    def start(self, group: Group, side: str, number: int) -> "subprocess.Popen[str]":
        """Start one run.

        Another seed is other content, cold everywhere, and other jitter of emulated nodes.
        """
        seed = number * len(GROUPS) + GROUPS.index(group)
        path = self._folder / f"{group.name}.yaml"
        path.write_text(group.scenario(), encoding="utf-8")
        words = ["--cluster", side, "--nodes", str(NODES), "--seed", str(seed)]
        words += ["--link", "embedded"]
        if side == "kind":
            words += ["--reuse", self._cluster] if self._cluster else ["--keep"]
        argv = [sys.executable, "-m", "harness", "run", str(path), "--exit-zero", *words]
        return subprocess.Popen(
            [*argv, "--reports", str(self._folder / side), "--quiet"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ran(self, process: "subprocess.Popen[str]", group: Group, side: str) -> Ran:
        """What it showed, once it has ended. Raises RunFailed."""
        _, err = process.communicate(timeout=600)
        if process.returncode:
            told = " ".join(err.split())[-300:]
            raise RunFailed(f"{group.name} on {side}: exit {process.returncode}: {told}")
        folder = max((self._folder / side / group.name).iterdir())
        if side == "kind":
            self._remember(folder)
        return Ran(cases=seen_in(folder, group), versions=self._versions)

    def _remember(self, folder: Path) -> None:
        for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event.get("room") == "cluster":
                details = event["details"]
                self._cluster = details["name"]
                self._versions = {
                    name: details[name] for name in ("kubernetes", "containerd", "kind")
                }

    def close(self) -> None:
        """Delete the cluster that was made here."""
        if self._cluster:
            subprocess.run(["kind", "delete", "cluster", "--name", self._cluster], check=False)


def main(arguments: Sequence[str]) -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--group", action="append", choices=[group.name for group in GROUPS])
    options.add_argument("--side", choices=SIDES, help="only these nodes; both when not given")
    options.add_argument("--reuse", help="a kind cluster that a run kept; it stays")
    options.add_argument(
        "--seen", type=Path, help="keep each run here; those here are not repeated"
    )
    options.add_argument("--out", type=Path)
    chosen = options.parse_args(arguments)
    groups = [it for it in GROUPS if not chosen.group or it.name in chosen.group]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        seen: Path = chosen.seen or folder / "seen"
        seen.mkdir(parents=True, exist_ok=True)
        laboratory = Laboratory(folder, reuse=chosen.reuse)
        if not chosen.reuse:
            stack.callback(laboratory.close)
        for number in range(1, chosen.runs + 1):
            for group in groups:
                _run(laboratory, group, number, [chosen.side] if chosen.side else SIDES, seen)
        text = _page(seen)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    else:
        print(text)


def _run(
    laboratory: Laboratory, group: Group, number: int, sides: Sequence[str], seen: Path
) -> None:
    """Side by side, since they mostly wait.

    But for those in `seen` already, or that another process is at: then their file is empty.
    """
    paths = {side: seen / f"{group.name}-{number}-{side}.json" for side in sides}
    mine = [side for side, path in paths.items() if _claimed(path)]
    started = {side: laboratory.start(group, side, number) for side in mine}
    try:
        for side, process in started.items():
            try:
                text = _RAN.dump_json(laboratory.ran(process, group, side))
            except RunFailed as error:
                print(error, file=sys.stderr, flush=True)
                continue
            (part := paths[side].with_suffix(".part")).write_bytes(text)
            part.replace(paths[side])  # another process may read at any time
            print(f"run {number} of {group.name} on {side} done", file=sys.stderr, flush=True)
    finally:
        for side in mine:
            if not paths[side].stat().st_size:
                paths[side].unlink()


def _claimed(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _page(seen: Path) -> str:
    """Of all runs that came to an end."""
    runs = {
        side: [_RAN.validate_json(path.read_bytes()) for path in _whole(seen, side)]
        for side in SIDES
    }
    if not all(runs.values()):
        sys.exit("no run of each side came to an end")
    found = differences(*(together(run.cases for run in runs[side]) for side in SIDES))
    return markdown(found, runs=_numbers(seen), versions=runs["kind"][0].versions)


def _whole(seen: Path, side: str) -> list[Path]:
    return [path for path in sorted(seen.glob(f"*-{side}.json")) if path.stat().st_size]


def _numbers(seen: Path) -> str:
    """How many runs there are of each group: "5", or "3 to 5"."""
    names = Counter(path.name.rsplit("-", 2)[0] for path in _whole(seen, "kind"))
    least, most = min(names.values()), max(names.values())
    return str(most) if least == most else f"{least} to {most}"


if __name__ == "__main__":
    main(sys.argv[1:])
