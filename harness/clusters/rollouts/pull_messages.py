"""What the kubelet's events say of a pull: Kubernetes keeps sub-second times nowhere else."""

import re
from dataclasses import dataclass
from typing import Final

# kubelet: pkg/kubelet/images/image_manager.go, v1.34.4.
_PULLED = re.compile(
    r'Successfully pulled image "(?P<image>[^"]*)" in (?P<pull>\S+)'
    r"(?: \((?P<waiting>\S+) including waiting\))?\."
    r"(?: Image size: (?P<bytes>\d+) bytes\.)?"
)
_PRESENT = re.compile(r'Container image "[^"]*" already present on machine')
_FAILED = re.compile(r'Failed to pull image "[^"]*": (?P<error>.*)', re.DOTALL)
# time.Duration.String
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_STEP = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """`pull_s` of pulling alone, `waiting_s` from the request on; `image_bytes` 0: not known."""

    pull_s: float
    waiting_s: float
    image_bytes: int


def pulled(message: str) -> Pulled | None:
    """What a `Pulled` event says of a pull; None when it is about none."""
    match = _PULLED.match(message)
    if match is None:
        return None
    pull_s = go_seconds(match["pull"])
    return Pulled(
        pull_s=pull_s,
        waiting_s=go_seconds(match["waiting"]) if match["waiting"] else pull_s,
        image_bytes=int(match["bytes"] or 0),
    )


def was_present(message: str) -> bool:
    """Whether a `Pulled` event tells that nothing had to be pulled."""
    return _PRESENT.match(message) is not None


def pull_error(message: str) -> str | None:
    """The error that a `Failed` event reports of a pull; None when it is about none."""
    match = _FAILED.match(message)
    return None if match is None else match["error"]


def go_seconds(text: str) -> float:
    """A duration of Go's, as `1m0.5s` or `231ms`. Raises ValueError."""
    steps = _STEP.findall(text)
    if not steps or "".join(number + unit for number, unit in steps) != text:
        raise ValueError(f"not a duration of Go's: {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in steps)
