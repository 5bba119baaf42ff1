"""What the kubelet's events say of a pull."""

import pytest

from harness.clusters.rollouts.pull_messages import (
    Pulled,
    go_seconds,
    pull_error,
    pulled,
    was_present,
)
from harness.node import texts

IMAGE = "registry.harness.test/app:v1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0.0), ("231ms", 0.231), ("1.5s", 1.5), ("2m0.5s", 120.5), ("1h0m1s", 3601.0)],
)
def test_durations_of_go_are_seconds(text: str, seconds: float) -> None:
    """The other way round than `node.texts.go_duration`, which emulated nodes use."""
    assert go_seconds(text) == pytest.approx(seconds)
    assert texts.go_duration(seconds) == text


@pytest.mark.parametrize("text", ["", "12", "s", "1s2", "a1s", "1 s"])
def test_other_texts_are_no_durations(text: str) -> None:
    """They are refused, not guessed at."""
    with pytest.raises(ValueError, match="not a duration"):
        go_seconds(text)


def test_a_pull_tells_both_durations_and_the_size() -> None:
    """As the kubelet of 1.30 and later writes it, and emulated nodes too."""
    message = texts.pulled(IMAGE, pull_s=1.234, waiting_s=5.678, image_bytes=12345)
    assert pulled(message) == Pulled(pull_s=1.234, waiting_s=5.678, image_bytes=12345)
    old = f'Successfully pulled image "{IMAGE}" in 850ms.'
    assert pulled(old) == Pulled(pull_s=0.85, waiting_s=0.85, image_bytes=0)


def test_an_image_that_is_present_was_not_pulled() -> None:
    """Both are `Pulled` events."""
    message = texts.already_present(IMAGE)
    assert was_present(message)
    assert was_present(f"{message} and can be accessed by the pod")
    assert pulled(message) is None
    assert not was_present("Successfully pulled")


def test_errors_keep_their_second_line() -> None:
    """`Error: ErrImagePull`, the same reason, is no error of a pull."""
    error = "unexpected status: 429 Too Many Requests\ntoomanyrequests: slow down"
    assert pull_error(texts.failed_to_pull(IMAGE, error)) == error
    assert pull_error("Error: ErrImagePull") is None
