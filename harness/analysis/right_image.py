"""Which pods run another image than the one that was built under its name.

A tag that was moved, or that means something else on another replica, makes nothing fail.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from harness.analysis.pod_findings import RightImageFinding, WrongImage
from harness.recording.outcome import Outcome

MOST_IMAGES: Final = 20


def with_built_digest(pods: pd.DataFrame, details: Mapping[str, Any]) -> pd.DataFrame:
    """`pods` with `built_digest` and `right_image`; `details` are those of the room `images`.

    A node names an image by what its tag stood for, an index or a manifest, or by its config: each
    of them is the image. `right_image` is 1, 0, or NaN where either digest is not known.
    """
    built, parts = _object(details.get("digests")), _object(details.get("parts"))
    named = [str(built.get(image, "")) for image in pods["image"]]
    names = pd.Series(named, pods.index, dtype="str")
    same = {name: {str(digest), *map(str, parts.get(name) or ())} for name, digest in built.items()}
    runs = pods["image_digest"]
    pairs = zip(pods["image"], runs, strict=True)
    right = pd.Series(
        [float(digest in same.get(name, ())) for name, digest in pairs], pods.index, dtype=float
    )
    known = runs.ne("") & names.ne("") & pods["outcome"].eq(Outcome.OK)
    return pods.assign(built_digest=names, right_image=right.where(known, np.nan))


def right_image_finding(pods: pd.DataFrame) -> RightImageFinding:
    """How many Ready pods run what was built, and which images the others run instead."""
    known = pods[pods["right_image"].notna()]
    wrong = known[known["right_image"].eq(0)]
    grouped = wrong.groupby(["image", "built_digest", "image_digest"], sort=True).agg(
        pods=("pod", "size"), nodes=("node", "nunique"), first_s=("ready_s", "min")
    )
    most = grouped.sort_values("pods", ascending=False, kind="stable").head(MOST_IMAGES)
    named = dict(zip(pods["built_digest"], pods["image"], strict=True))
    return RightImageFinding(
        pods=len(known),
        wrong=len(wrong),
        images=tuple(
            WrongImage(
                image=str(image),
                built_digest=str(built),
                image_digest=str(runs),
                is_image=str(named.get(runs, "")),
                pods=int(row["pods"]),
                nodes=int(row["nodes"]),
                first_s=float(row["first_s"]),
            )
            for (image, built, runs), row in zip(most.index, most.to_dict("records"), strict=True)
        ),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
