"""How the verbs say things."""

import os
import re
import sys

import pytest
import typer

from harness.cli import settings

TEXT = "PASS  all met\npass          a\nfail          pass b\nwarn  c\npassing\n"


@pytest.mark.parametrize(("no_color", "styles"), [("", 4), ("1", 0)])
def test_verdicts_are_coloured_on_a_terminal(
    no_color: str, styles: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The word that begins a line, and nothing in it; NO_COLOR turns it off."""
    monkeypatch.setenv("NO_COLOR", no_color)
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal:  # noqa: PTH123  a file descriptor
        monkeypatch.setattr(sys, "stdout", terminal)
        settings.tell(TEXT.rstrip())
        printed = os.read(ours, 4096).decode().replace("\r\n", "\n")
    os.close(ours)
    assert re.sub(r"\x1b\[\d+m", "", printed) == TEXT
    assert printed.count("\x1b[3") == styles
    assert (typer.style("fail", fg="red") in printed) == bool(styles)


def test_nothing_is_coloured_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A log or another program gets the words alone."""
    settings.tell(TEXT.rstrip())
    assert capsys.readouterr().out == TEXT
