"""The scenarios of one `harness run`: all that are named, or those of a tag and a shard."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import ClusterChoice
from harness.cli.scenario_files import read_scenario, scenario_files, warned_of
from harness.cli.settings import complain, fail, warn
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.plan.plan import Plan
    from harness.scenario import Complaint, Scenario
    from harness.scenario.document import Overrides

TagOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="Run only scenarios that have this tag; may be repeated, and any of them will do.",
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        envvar="HARNESS_SHARD",
        metavar="K/N",
        help="Run the K-th of N parts, which take about the same time, as --shard 2/3.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """One scenario to run. `content`: what it asks for, see harness.scenario.sources."""

    path: Path
    plan: "Plan"
    content_sha256: str
    content: Mapping[str, str]
    warnings: "tuple[Complaint, ...]"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a scenario. `repeat`: number, of how many, and the group that they share."""

    ordered: Ordered
    index: int
    of: int
    group: str

    @property
    def named(self) -> str:
        """`quickstart`, or `quickstart, repeat 2 of 5`."""
        return ", ".join(filter(None, [self.ordered.plan.scenario, self.repeat]))

    @property
    def repeat(self) -> str:
        return f"repeat {self.index} of {self.of}" if self.of > 1 else ""

    @property
    def about(self) -> dict[str, Any]:
        """What its run.json says of it."""
        about: dict[str, Any] = {
            "scenario_sha256": self.ordered.content_sha256,
            "scenario_content": self.ordered.content,
        }
        if self.of > 1:
            about["repeat"] = {"group": self.group, "index": self.index, "of": self.of}
        return about


def repeats(ordered: Sequence[Ordered], times: int) -> Iterator[Run]:
    """Each scenario as often as asked."""
    for one in ordered:
        group = secrets.token_hex(3)
        for index in range(1, times + 1):
            yield Run(ordered=one, index=index, of=times, group=group)


def chosen(
    paths: list[Path],
    overrides: "Overrides",
    seed: int | None,
    cluster: ClusterChoice,
    nodes: int | None,
    workers: int,
    *,
    tags: Sequence[str] = (),
    shard: str | None = None,
) -> list[Ordered]:
    """The plans of the scenarios to run, before anything is started; all complaints at once.

    Exits 2 for what is invalid, and for a tag that no scenario has.
    """
    from harness.scenario import ScenarioError

    read, complaints = [], []
    for path in scenario_files(paths):
        try:
            read.append((path, read_scenario(path, overrides, cluster, nodes)))
        except ScenarioError as error:
            complaints.append(str(error))
    ordered, named = [], dict[str, str]()
    for path, scenario in _tagged(read, tags) if read and tags else read:
        try:
            ordered.append(_ordered(path, scenario, seed, workers, named))
        except ScenarioError as error:
            complaints.append(str(error))
    if complaints:
        fail("\n".join(complaints), ExitCode.USAGE)
    kept = ordered if shard is None else _of_shard(ordered, shard)
    for one in kept:
        warn(one.warnings)
    return kept


def _ordered(
    path: Path, scenario: "Scenario", seed: int | None, workers: int, named: dict[str, str]
) -> Ordered:
    """Raises ScenarioError."""
    from harness.plan.plan import build_plan
    from harness.scenario.sources import content_keys, content_sha256

    plan = build_plan(scenario, scenario.seed if seed is None else seed)
    return Ordered(
        path=path,
        plan=plan,
        content_sha256=content_sha256(scenario),
        content=content_keys(scenario),
        warnings=tuple(warned_of(scenario, plan, workers, named)),
    )


def _tagged(
    read: "list[tuple[Path, Scenario]]", tags: Sequence[str]
) -> "list[tuple[Path, Scenario]]":
    known = sorted({tag for _, scenario in read for tag in scenario.body.tags})
    for tag in tags:
        if tag not in known:
            has = f"the tags are {', '.join(known)}" if known else "none of them has tags"
            fail(f"--tag {tag}: no scenario has this tag; {has}", ExitCode.USAGE)
    return [(path, it) for path, it in read if set(tags) & set(it.body.tags)]


def _of_shard(ordered: Sequence[Ordered], text: str) -> list[Ordered]:
    """Those of the shard, which is said; an empty one, of more shards than scenarios, runs none."""
    from harness.plan.shards import read_shard, shard

    try:
        number, of = read_shard(text)
    except ValueError as error:
        fail(f"--shard {text}: {error}", ExitCode.USAGE)
    mine = [ordered[it] for it in shard([one.plan.ends_s for one in ordered], number, of)]
    planned_s = sum(one.plan.ends_s for one in mine)
    names = ", ".join(one.plan.scenario for one in mine) or "none; there are more shards"
    complain(
        f"shard {number} of {of}: {len(mine)} of {len(ordered)} scenarios, "
        f"{planned_s:.0f} s planned: {names}"
    )
    return mine
