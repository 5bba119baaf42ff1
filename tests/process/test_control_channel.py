"""The child's end of the control channel, in a real process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ECHO = """
import threading
from harness.process.control_channel import on_release, raise_open_file_limit, take_config, tell
config = take_config()
raise_open_file_limit()
released = threading.Event()
def obey(message):
    if message == {"do": "fail"}:
        raise ValueError("asked to")
    tell({"heard": message})
on_release(released.set, obey)
tell({"ready": True, "config": config})
released.wait(30)
tell({"released": released.is_set()})
"""


@contextmanager
def echo() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", ECHO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def say(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin is not None
    child.stdin.write(line + "\n")
    child.stdin.flush()


def heard(child: subprocess.Popen[str]) -> dict[str, object]:
    assert child.stdout is not None
    message: dict[str, object] = json.loads(child.stdout.readline())
    return message


def test_configuration_messages_and_release() -> None:
    """The first line is the configuration, later ones are messages, the end lets go."""
    with echo() as child:
        say(child, '{"secret": "p\\u00e4ss"}')
        assert heard(child) == {"ready": True, "config": {"secret": "päss"}}
        say(child, '{"do": 1}')
        assert heard(child) == {"heard": {"do": 1}}
        assert child.stdin is not None
        child.stdin.close()
        assert heard(child) == {"released": True}
        assert child.wait(10) == 0


def test_lines_that_are_no_messages_are_passed_over() -> None:
    """The control channel holds: the next message is heard."""
    with echo() as child:
        say(child, "{}")
        heard(child)
        for line in ("", "nonsense", "[1]", "{"):
            say(child, line)
        say(child, '{"do": 2}')
        assert heard(child) == {"heard": {"do": 2}}


def test_a_child_whose_reader_fails_is_let_go() -> None:
    """Nobody holds it any more, so it must not live on."""
    with echo() as child:
        say(child, "{}")
        heard(child)
        say(child, '{"do": "fail"}')
        assert heard(child) == {"released": True}
        assert child.wait(10) == 0


def test_a_child_without_configuration_ends_quietly() -> None:
    """The harness died between starting it and speaking to it."""
    with echo() as child:
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == 0
        assert child.stderr is not None
        assert child.stderr.read() == ""


def test_ctrl_c_is_not_for_the_child_and_sigterm_is() -> None:
    """Ctrl-C reaches the whole foreground group; SIGTERM or the closed channel end a service."""
    with echo() as child:
        say(child, "{}")
        heard(child)
        child.send_signal(2)
        say(child, '{"do": 3}')
        assert heard(child) == {"heard": {"do": 3}}
        child.terminate()
        assert child.wait(10) == -15


def test_a_reader_that_is_gone_is_no_error_for_the_teller() -> None:
    """The harness was killed: what is told then is told to nobody."""
    with echo() as child:
        say(child, "{}")
        heard(child)
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.close()
        child.stdin.close()
        child.wait(10)
        assert child.stderr is not None
        assert "Traceback" not in child.stderr.read()
