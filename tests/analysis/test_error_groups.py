"""Error texts put together by what they have in common."""

import pandas as pd
import pytest

from harness.analysis.error_groups import error_groups, normalised


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (
            "read tcp 127.0.0.1:40312->127.0.0.1:5000: read: connection reset by peer",
            "read tcp 127.0.0.1:51022->127.0.0.1:5001: read: connection reset by peer",
        ),
        (
            'failed commit on ref "layer-sha256:' + "a" * 64 + '": unexpected commit digest',
            'failed commit on ref "layer-sha256:' + "b" * 64 + '": unexpected commit digest',
        ),
        (
            "certificate has expired: current time 2026-11-24T10:00:01Z is after",
            "certificate has expired: current time 2026-11-24T11:30:59Z is after",
        ),
        (
            "short read: expected 1048576 bytes but got 524288: unexpected EOF",
            "short read: expected 999 bytes but got 12: unexpected EOF",
        ),
        (
            'Head "http://registry.harness.test:40001/v2/app/manifests/v1": image "r/app:v1"',
            'Head "http://registry.harness.test:40002/v2/app/manifests/v12": image "r/app:v12"',
        ),
        ("no answer within 30.5s", "no answer within 29.9s"),
    ],
)
def test_texts_of_one_kind_become_one(text: str, same: str) -> None:
    """Ports, digests, times and counts are no difference."""
    assert normalised(text) == normalised(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("429 Too Many Requests", "503 Service Unavailable"),
        ("GET http://r/v1/app", "GET http://r/v2/app"),
        ("lookup a.test on S:53: no such host", "lookup a.test on S:53: server misbehaving"),
    ],
)
def test_texts_of_different_kinds_stay_apart(text: str, other: str) -> None:
    """A status code is not a number like any other."""
    assert normalised(text) != normalised(other)


def test_a_long_text_is_cut_and_says_so() -> None:
    """A registry may answer with a page of a megabyte."""
    assert len(normalised("x" * 1_000_000)) < 500
    assert "more characters" in normalised("x" * 1_000_000)


def test_groups_count_pulls_pods_and_nodes() -> None:
    """Commonest first; what succeeded is no error."""
    pulls = pd.DataFrame(
        {
            "pull": ["1", "2", "3", "4", "5"],
            "outcome": ["failed", "failed", "failed", "ok", "unfinished"],
            "cause": ["tcp", "tcp", "dns", "", ""],
            "error_text": ["dial 127.0.0.1:1001", "dial 127.0.0.1:1002", "no such host", "", ""],
            "pod": ["a", "a", "b", "c", "d"],
            "node": ["n1", "n2", "n1", "n1", "n1"],
            "ended_s": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    first, second = error_groups(pulls, pd.DataFrame(columns=pulls.columns))
    assert (first.cause, first.count, first.pods, first.nodes) == ("tcp", 2, 1, 2)
    assert (first.first_s, first.last_s) == (1.0, 2.0)
    assert (second.cause, second.count) == ("dns", 1)
