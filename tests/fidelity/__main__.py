"""Runs the same scenarios on real and on emulated nodes, and writes what differs.

    uv run python -m tests.fidelity [--runs 5] [--group NAME ...] [--out docs/fidelity.md]

Needs Docker and kind. The cluster is made once and deleted at the end.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.fidelity.cases import GROUPS, Group
from tests.fidelity.comparing import Seen, differences, seen_in, together
from tests.fidelity.table import markdown

ROOT = Path(__file__).parents[2]


class RunFailed(Exception):  # noqa: N818  told, and the others go on
    """A run that came to nothing; the message says which and why."""


class Laboratory:
    """Runs groups below `folder`; the kind cluster of the first run is kept for the others."""

    def __init__(self, folder: Path, *, reuse: str | None = None) -> None:
        self._folder = folder
        self._cluster = reuse
        self.versions: dict[str, str] = {}

    def run_both(self, group: Group, seed: int) -> tuple[dict[str, Seen], dict[str, Seen]]:
        """One run on real and one on emulated nodes, side by side: both mostly wait.

        Another seed is other content, cold everywhere, and other jitter of emulated nodes.
        """
        emulated = self._start(group, "emulated", seed)
        real = self._start(group, "kind", seed)
        return self._seen(real, group, "kind"), self._seen(emulated, group, "emulated")

    def _start(self, group: Group, cluster: str, seed: int) -> "subprocess.Popen[str]":
        path = self._folder / f"{group.name}.yaml"
        path.write_text(group.scenario(), encoding="utf-8")
        reports = self._folder / cluster
        words = ["--cluster", cluster, "--seed", str(seed), "--link", "embedded"]
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
            raise RunFailed(f"{group.name} on {cluster}: exit {process.returncode}: {err}")
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
                self.versions = {
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
    options.add_argument("--out", type=Path)
    chosen = options.parse_args(arguments)
    groups = [it for it in GROUPS if not chosen.group or it.name in chosen.group]
    real: list[dict[str, Seen]] = []
    emulated: list[dict[str, Seen]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        laboratory = Laboratory(folder, reuse=chosen.reuse)
        if not chosen.reuse:
            stack.callback(laboratory.close)
        for number, group in _turns(groups, chosen.runs):
            try:
                on_real, on_emulated = laboratory.run_both(group, number)
            except RunFailed as error:
                print(error, file=sys.stderr, flush=True)
                continue
            real.append(on_real)
            emulated.append(on_emulated)
            print(f"run {number} of {group.name} done", file=sys.stderr, flush=True)
            found = differences(together(real), together(emulated))
            text = markdown(found, runs=chosen.runs, versions=laboratory.versions)
            if chosen.out:  # after each run: an hour may be cut short
                chosen.out.write_text(text, encoding="utf-8")
    if not chosen.out:
        print(text)


def _turns(groups: Sequence[Group], runs: int) -> Iterator[tuple[int, Group]]:
    """Each run of each group, those that one run is enough for last."""
    often = [group for group in groups if not group.once]
    yield from ((number, group) for number in range(1, runs + 1) for group in often)
    yield from ((1, group) for group in groups if group.once)


if __name__ == "__main__":
    main(sys.argv[1:])
