"""Which repositories could not be pulled, from when to when, and whether others could meanwhile.

Needs no plan: it tells as much of a fault that nobody planned.
"""

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from harness.analysis.findings import FailingFinding, finite
from harness.outcome import Cause, Outcome

MOST_FAILING: Final = 20
MOST_IMAGES: Final = 5


def repository_of(image: str) -> str:
    """`team/app` of `registry.harness.test/team/app:v1`, also with a digest."""
    path = image.partition("@")[0].partition("/")[2] or image
    return path.rpartition(":")[0] or path


def failing_findings(pulls: pd.DataFrame) -> tuple[FailingFinding, ...]:
    """By repository and cause, those with most failed pulls first."""
    names = {image: repository_of(image) for image in pulls["image"].unique()}
    pulls = pulls.assign(
        repository=pulls["image"].map(names), cause=pulls["cause"].replace("", Cause.UNKNOWN)
    )
    failed = pulls[pulls["outcome"].eq(Outcome.FAILED)]
    ok = pulls[pulls["outcome"].eq(Outcome.OK)]
    found = sorted(_found(failed, ok), key=lambda it: (-it.failed, it.first_s, it.repository))
    return tuple(found[:MOST_FAILING])


def _found(failed: pd.DataFrame, ok: pd.DataFrame) -> Iterator[FailingFinding]:
    for (repository, cause), rows in failed.groupby(["repository", "cause"], sort=True):
        first_s, last_s = float(rows["started_s"].min()), float(rows["ended_s"].max())
        own = ok["repository"].eq(str(repository))
        meanwhile = ok["ended_s"].between(first_s, last_s)
        worked = ok["ended_s"][own & ok["ended_s"].lt(first_s)]
        works = ok["ended_s"][own & ok["ended_s"].gt(last_s)]
        yield FailingFinding(
            repository=str(repository),
            cause=str(cause),
            images=commonest(rows["image"]),
            failed=len(rows),
            pods=_named(rows["pod"]),
            nodes=_named(rows["node"]),
            first_s=first_s,
            last_s=last_s,
            worked_until_s=finite(worked.max()),
            works_from_s=finite(works.min()),
            ok_meanwhile=int((own & meanwhile).sum()),
            others_ok_meanwhile=int((~own & meanwhile).sum()),
        )


def commonest(images: "pd.Series[Any]") -> tuple[str, ...]:
    """A few of `images`, those that are there most often first."""
    return tuple(map(str, images[images.ne("")].value_counts().head(MOST_IMAGES).index))


def _named(names: "pd.Series[Any]") -> int:
    return int(names[names.ne("")].nunique())
