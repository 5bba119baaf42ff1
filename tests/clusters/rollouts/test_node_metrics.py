"""What nodes count of their own pulls."""

from harness.clusters.rollouts.node_metrics import CONTAINERD, KUBELET, grown, read_metrics

TEXT = """\
# HELP kubelet_image_pull_duration_seconds [ALPHA] Duration in seconds to pull an image.
# TYPE kubelet_image_pull_duration_seconds histogram
kubelet_image_pull_duration_seconds_bucket{image_size_in_bytes="0-10MB",le="1"} 2
kubelet_image_pull_duration_seconds_sum{image_size_in_bytes="0-10MB"} 0.75
kubelet_image_pull_duration_seconds_count{image_size_in_bytes="0-10MB"} 2
kubelet_image_pull_duration_seconds_sum{image_size_in_bytes="10MB-100MB"} 1.5
kubelet_image_pull_duration_seconds_count{image_size_in_bytes="10MB-100MB"} 1
kubelet_runtime_operations_total{operation_type="pull_image"} 9
kubelet_runtime_operations_total{operation_type="create_container"} 4
kubelet_runtime_operations_errors_total{operation_type="pull_image"} 6e+00
kubelet_pod_start_total_duration_seconds_sum 12.5
containerd_cri_sandboxed_image_pulls_total{status="success"} 3
containerd_cri_sandboxed_image_pulls_total{status="failure"} 6 1700000000000
nonsense
"""


def test_families_are_summed_over_their_labels() -> None:
    """Buckets, other operations and comments are left alone; absent families are 0."""
    found = read_metrics(TEXT, KUBELET)
    assert (found["pulls_ok"], found["pulls_ok_s"]) == (3.0, 2.25)
    assert (found["pull_calls"], found["pull_call_errors"]) == (9.0, 6.0)
    assert (found["pods_started"], found["pods_started_s"]) == (0.0, 12.5)
    assert read_metrics(TEXT, CONTAINERD) == {
        "containerd_pulls_ok": 3.0,
        "containerd_pulls_failed": 6.0,
    }


def test_what_was_counted_in_between() -> None:
    """A kubelet that began anew counts from 0; what was not told before is not told."""
    before, after = {"a": 5.0, "b": 5.0}, {"a": 8.0, "b": 2.0, "c": 1.0}
    assert grown(before, after) == {"a": 3.0, "b": 2.0}
