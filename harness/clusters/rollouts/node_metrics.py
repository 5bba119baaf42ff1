"""What nodes count of their own pulls: the kubelet's and containerd's metrics."""

import re
from collections.abc import Mapping
from typing import Final

# Samples by the name that we give them: the family, and labels that must be there.
# kubelet: pkg/kubelet/metrics/metrics.go, v1.34.4 (all ALPHA); containerd:
# internal/cri/server/images/metrics.go, v2.3.4.
KUBELET: Final = {
    "pulls_ok": ("kubelet_image_pull_duration_seconds_count", ""),  # successes only
    "pulls_ok_s": ("kubelet_image_pull_duration_seconds_sum", ""),  # waiting included
    "pull_calls": ("kubelet_runtime_operations_total", 'operation_type="pull_image"'),
    "pull_call_errors": (
        "kubelet_runtime_operations_errors_total",
        'operation_type="pull_image"',
    ),
    "pods_started": ("kubelet_pod_start_total_duration_seconds_count", ""),
    "pods_started_s": ("kubelet_pod_start_total_duration_seconds_sum", ""),
}
CONTAINERD: Final = {
    "containerd_pulls_ok": ("containerd_cri_sandboxed_image_pulls_total", 'status="success"'),
    "containerd_pulls_failed": ("containerd_cri_sandboxed_image_pulls_total", 'status="failure"'),
}
_SAMPLE = re.compile(r"(\w+)(?:\{([^}]*)\})? ([^ ]+)(?: \d+)?")
# Where a node image has no HTTP client, bash has sockets.
GET_METRICS: Final = (
    'exec 3<>"/dev/tcp/127.0.0.1/$0" && '
    'printf "GET /v1/metrics HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n" >&3 && cat <&3'
)


def read_metrics(text: str, wanted: Mapping[str, tuple[str, str]]) -> dict[str, float]:
    """The sums of the wanted families in Prometheus' text format; those that are absent are 0."""
    sums = dict.fromkeys(wanted, 0.0)
    for line in text.splitlines():
        match = None if line.startswith("#") else _SAMPLE.fullmatch(line.rstrip())
        if match is None:
            continue
        for name, (family, label) in wanted.items():
            if match[1] == family and label in (match[2] or ""):
                sums[name] += float(match[3])
    return sums


def grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What was counted in between; a node that began anew since has counted from 0."""
    return {
        name: round(value - before[name] if value >= before[name] else value, 6)
        for name, value in after.items()
        if name in before
    }
