"""Runs the same scenarios on real and on emulated nodes, and writes what differs.

    uv run python -m tests.fidelity [--runs 5] [--group NAME ...] [--seen FOLDER] [--out PAGE]

Needs Docker and kind. The cluster is made once and deleted at the end. With `--seen` each run is
kept: the command goes on where it stopped, and two of them share the work, each with a cluster.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tests.fidelity.cases import GROUPS, NODES, Group
from tests.fidelity.comparing import Seen, differences, seen_in, together
from tests.fidelity.table import markdown

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One run of a group on both sides, by case."""

    real: dict[str, Seen]
    emulated: dict[str, Seen]
    versions: dict[str, str]


_COMPARED = TypeAdapter(Compared)


class RunFailed(Exception):  # noqa: N818  told, and the others go on
    """A run that came to nothing; the message says which and why."""


class Laboratory:
    """Runs groups below `folder`; the kind cluster of the first run is kept for the others."""

    def __init__(self, folder: Path, *, reuse: str | None = None) -> None:
        self._folder = folder
        self._cluster = reuse
        self._versions: dict[str, str] = {}

    def run_both(self, group: Group, number: int) -> Compared:
        """One run on real and one on emulated nodes, side by side: both mostly wait.

        Another seed is other content, cold everywhere, and other jitter of emulated nodes.
        """
        seed = number * len(GROUPS) + GROUPS.index(group)
        emulated = self._start(group, "emulated", seed)
        real = self._start(group, "kind", seed)
        return Compared(
            real=self._seen(real, group, "kind"),
            emulated=self._seen(emulated, group, "emulated"),
            versions=self._versions,
        )

    def _start(self, group: Group, cluster: str, seed: int) -> "subprocess.Popen[str]":
        path = self._folder / f"{group.name}.yaml"
        path.write_text(group.scenario(), encoding="utf-8")
        reports = self._folder / cluster
        words = ["--cluster", cluster, "--nodes", str(NODES), "--seed", str(seed)]
        words += ["--link", "embedded"]
        if cluster == "kind":
            words += ["--reuse", self._cluster] if self._cluster else ["--keep"]
        argv = [sys.executable, "-m", "harness", "run", str(path), "--exit-zero", *words]
        return subprocess.Popen(
            [*argv, "--reports", str(reports), "--quiet"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _seen(
        self, process: "subprocess.Popen[str]", group: Group, cluster: str
    ) -> dict[str, Seen]:
        _, err = process.communicate(timeout=600)
        if process.returncode:
            last = err.strip().rpartition("\n")[2]
            raise RunFailed(f"{group.name} on {cluster}: exit {process.returncode}: {last}")
        folder = max((self._folder / cluster / group.name).iterdir())
        if cluster == "kind":
            self._remember(folder)
        return seen_in(folder, group)

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
                _compare(laboratory, group, number, seen)
        runs = [_COMPARED.validate_json(text) for text in _texts(seen)]
    if not runs:
        sys.exit("no run came to an end")
    found = differences(together(run.real for run in runs), together(run.emulated for run in runs))
    text = markdown(found, runs=chosen.runs, versions=runs[0].versions)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    else:
        print(text)


def _compare(laboratory: Laboratory, group: Group, number: int, seen: Path) -> None:
    """Unless it is in `seen` already, or another process is at it: then its file is empty."""
    path = seen / f"{group.name}-{number}.json"
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return
    try:
        text = _COMPARED.dump_json(laboratory.run_both(group, number))
        (part := path.with_suffix(".part")).write_bytes(text)
        part.replace(path)  # another process may read at any time
        print(f"run {number} of {group.name} done", file=sys.stderr, flush=True)
    except RunFailed as error:
        print(error, file=sys.stderr, flush=True)
    finally:
        if not path.stat().st_size:
            path.unlink()


def _texts(seen: Path) -> list[str]:
    texts = (path.read_text(encoding="utf-8") for path in sorted(seen.glob("*.json")))
    return [text for text in texts if text]


if __name__ == "__main__":
    main(sys.argv[1:])
