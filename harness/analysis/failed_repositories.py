"""Which repositories could not be pulled or pushed to, when, and whether others could meanwhile.

Needs no plan: it tells as much of a fault that nobody planned.
"""

from dataclasses import replace
from typing import Any, Final

import pandas as pd

from harness.analysis.json_values import finite
from harness.analysis.recovery import repository_of
from harness.analysis.transfer_findings import FailingFinding
from harness.recording.outcome import Cause, Outcome

MOST_FAILING: Final = 20
MOST_IMAGES: Final = 5


_COLUMNS: Final = ["image", "outcome", "cause", "pod", "node", "started_s", "ended_s"]


def failing_findings(pulls: pd.DataFrame) -> tuple[FailingFinding, ...]:
    """By repository and cause, those with most failed pulls first."""
    names = {image: repository_of(image) for image in pulls["image"].unique()}
    pulls = pulls[_COLUMNS].assign(
        repository=pulls["image"].map(names), cause=pulls["cause"].replace("", Cause.UNKNOWN)
    )
    failed = pulls[pulls["outcome"].eq(Outcome.FAILED)]
    ok = pulls[pulls["outcome"].eq(Outcome.OK)]
    groups = failed.groupby(["repository", "cause"], sort=True)
    counted = (
        groups["started_s"]
        .agg(["size", "min"])
        .sort_values(["size", "min"], ascending=[False, True], kind="stable")
    )
    worst = counted.head(MOST_FAILING).index
    return tuple(_found(groups.get_group(key), ok) for key in worst)


def failing_pushes(pushes: pd.DataFrame) -> tuple[FailingFinding, ...]:
    """The same of pushes, which are of no image and no pod."""
    as_images = "localhost/" + pushes["repository"] + ":"  # a repository may look like a host
    found = failing_findings(pushes.assign(image=as_images, pod=""))
    return tuple(replace(one, images=()) for one in found)


def _found(rows: pd.DataFrame, ok: pd.DataFrame) -> FailingFinding:
    first_s, last_s = float(rows["started_s"].min()), float(rows["ended_s"].max())
    repository = str(rows["repository"].iloc[0])
    own = ok["repository"].eq(repository)
    worked = ok["ended_s"][own & ok["ended_s"].lt(first_s)]
    works = ok["ended_s"][own & ok["ended_s"].gt(last_s)]
    meanwhile = ok["ended_s"].between(*_surely(rows))
    return FailingFinding(
        repository=repository,
        cause=str(rows["cause"].iloc[0]),
        images=commonest(rows["image"]),
        failed=len(rows),
        pods=_named(rows["pod"]),
        nodes=_named(rows["node"]),
        node_names=commonest(rows["node"]),
        first_s=first_s,
        last_s=last_s,
        worked_until_s=finite(worked.max()),
        works_from_s=finite(works.min()),
        ok_meanwhile=int((own & meanwhile).sum()),
        others_ok_meanwhile=int((~own & meanwhile).sum()),
    )


def _surely(rows: pd.DataFrame) -> tuple[float, float]:
    """When it was broken for sure: a first pull may begin before, a last one end after."""
    surely = float(rows["ended_s"].min()), float(rows["started_s"].max())
    return surely if surely[0] <= surely[1] else (surely[1], surely[0])


def commonest(names: "pd.Series[Any]") -> tuple[str, ...]:
    """A few of `names`, those that are there most often first."""
    return tuple(map(str, names[names.ne("")].value_counts().head(MOST_IMAGES).index))


def _named(names: "pd.Series[Any]") -> int:
    return int(names[names.ne("")].nunique())
