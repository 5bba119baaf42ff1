"""The metrics that `expect` may judge, with their units and what may narrow them."""

import math
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["s", "share"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`quantile`, `phase`, `fault`, `where`: whether an expectation may name one.

    `of`: what its samples are of, as far as `where` may choose among them. `live`: where it is
    known during a run, so that `abort_when` may name it.
    """

    unit: Unit
    about: str
    quantile: bool = False
    phase: bool = False
    fault: bool = False
    of: Literal["pods", "pulls", ""] = ""
    live: Literal["everywhere", "emulated", "nowhere"] = "everywhere"

    @property
    def where(self) -> bool:
        return bool(self.of)


METRICS: Final[dict[str, Metric]] = {
    "deployment_delay": Metric(
        unit="s", about="pod created to Ready", quantile=True, phase=True, of="pods"
    ),
    "pull_duration": Metric(
        unit="s",
        about="one pull, from when it was due to its end",
        quantile=True,
        phase=True,
        of="pulls",
        live="emulated",
    ),
    "service_time": Metric(
        unit="s",
        about="one pull, from its first request to its end",
        quantile=True,
        phase=True,
        of="pulls",
        live="emulated",
    ),
    "pods_ready": Metric(
        unit="share", about="pods that became Ready, of all", phase=True, of="pods"
    ),
    "pods_right_image": Metric(
        unit="share",
        about="Ready pods that run the image that was built",
        phase=True,
        of="pods",
        live="nowhere",
    ),
    "pull_error_rate": Metric(
        unit="share", about="failed pulls, of all attempts", phase=True, of="pulls"
    ),
    "request_error_rate": Metric(
        unit="share", about="failed requests, of all", phase=True, live="emulated"
    ),
    "push_error_rate": Metric(unit="share", about="failed uploads, of all", phase=True),
    "recovery_time": Metric(
        unit="s", about="fault healed to all pods Ready", fault=True, of="pods", live="nowhere"
    ),
    "first_success_time": Metric(
        unit="s",
        about="fault healed to the first pull that succeeds",
        fault=True,
        of="pulls",
        live="nowhere",
    ),
}


def samples_needed(quantile: float) -> int:
    """How many samples a quantile needs so that it is not merely the largest of them."""
    return 1 if quantile >= 1 else max(2, math.ceil(round(1 / (1 - quantile), 6)))
