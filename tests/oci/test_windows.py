"""Counting in windows."""

from harness.oci.windows import Window


def test_each_window_lets_its_limit_through() -> None:
    """The count begins again with every window, also after idle ones."""
    window = Window(2, 10, start_s=100)
    passed = [window.take(at_s) for at_s in (100, 101, 102, 109.9, 110, 111, 112, 155, 156, 157)]
    assert passed == [True, True, False, False, True, True, False, True, True, False]
    assert window.remaining(157) == 0
    assert window.remaining(160) == 2


def test_limit_of_none() -> None:
    """With limit 0 nothing passes."""
    assert not Window(0, 10, start_s=0).take(5)
