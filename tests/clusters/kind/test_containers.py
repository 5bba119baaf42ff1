"""The engine's command line, played by scripts: what it says and what that means."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.clusters.kind.containers import (
    CommandFailed,
    ContainerGoneError,
    ContainerStoppedError,
    Engine,
    EngineError,
    Server,
    explain,
    find_engine,
    read_server,
)

ENGINE = Engine(name="docker")
Play = Callable[[str], None]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Let `docker` be a script."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(script: str) -> None:
        path = tmp_path / "docker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


def test_the_engine_is_the_named_one_or_the_first_on_path(
    tmp_path: Path, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In kind's own order; a wish is not passed over."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no container engine on PATH"):
        find_engine()
    play("exit 0")
    assert find_engine() == ENGINE
    with pytest.raises(EngineError, match="podman: is not on PATH"):
        find_engine("podman")
    with pytest.raises(EngineError, match=r"one of docker, podman, .*, got 'rocket'"):
        find_engine("rocket")


@pytest.mark.parametrize(
    ("answer", "server"),
    [
        ({"Client": {}, "Server": {"Version": "29.0", "Arch": "amd64"}}, ("29.0", "amd64")),
        ({"Client": {"Version": "5.4", "OsArch": "linux/arm64"}}, ("5.4", "arm64")),
        ({"Server": {"Components": [{"Version": "2.2"}]}}, ("2.2", "")),
    ],
)
def test_engines_tell_their_version_each_in_its_way(
    answer: object, server: tuple[str, str]
) -> None:
    """Docker, Podman, nerdctl."""
    version, architecture = server
    assert read_server(json.dumps(answer).encode()) == Server(
        version=version, architecture=architecture
    )


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b'"29"'])
def test_an_engine_that_tells_no_version_is_an_error(answer: bytes) -> None:
    """And no crash."""
    with pytest.raises(EngineError, match="reported no version"):
        read_server(answer)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "permission denied while trying to connect to the Docker daemon socket",
            "no permission to talk to the engine: add yourself to the group docker",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
            "the engine does not answer: start it",
        ),
        ("first\nError: something else\n", "Error: something else"),
        ("", "no output"),
    ],
)
def test_complaints_come_with_their_fix(said: str, sentence: str, play: Play) -> None:
    """The first line of help, and what was said."""
    assert sentence in explain("docker", said)
    play(f"echo '{said}' >&2; exit 1")
    with pytest.raises(EngineError, match=r"^docker: ") as raised:
        asyncio.run(ENGINE.server())
    assert sentence in str(raised.value)


def test_an_engine_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="docker: is not on PATH"):
        asyncio.run(ENGINE.server())


def test_commands_hear_and_say(play: Play) -> None:
    """The words of the command line, stdin and stdout."""
    play('echo "$@"; cat')
    heard = asyncio.run(ENGINE.execute("node", ("cat", "-"), stdin=b"in"))
    assert heard == b"exec --interactive node cat -\nin"
    assert asyncio.run(ENGINE.execute("node", ("true",))) == b"exec node true\n"


@pytest.mark.parametrize(
    ("said", "error", "sentence"),
    [
        ("Error response from daemon: No such container: n", ContainerGoneError, "n: the cont"),
        ("Error: No such container: n", ContainerGoneError, "is gone"),
        ('Error: no container with name or ID "n" found', ContainerGoneError, "is gone"),
        (
            "Error response from daemon: Container 1f is not running",
            ContainerStoppedError,
            "is not running",
        ),
        ("Cannot connect to the Docker daemon at unix:///x.", EngineError, "start it"),
        ("ctr: dial tcp 1.2.3.4:5: connect: connection refused", CommandFailed, "refused"),
        ("service is not running", CommandFailed, "service is not running"),
        ("", CommandFailed, "ended with code 1"),
    ],
)
def test_what_the_engine_says_is_told_from_what_the_command_says(
    said: str, error: type[Exception], sentence: str, play: Play
) -> None:
    """A pull that is refused is no engine that is down."""
    play(f"echo '{said}' >&2; exit 1")
    with pytest.raises(error, match=sentence) as raised:
        asyncio.run(ENGINE.execute("n", ("ctr",)))
    assert type(raised.value) is error


def test_a_silent_engine_is_given_up_and_ended(tmp_path: Path, play: Play) -> None:
    """Its program is not left behind."""
    play(f"echo $$ > {tmp_path}/pid; exec sleep 60")
    with pytest.raises(EngineError, match=r"docker exec n true: not done within 0\.3 s"):
        asyncio.run(ENGINE.execute("n", ("true",), timeout_s=0.3))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_files_are_read_with_their_absence(play: Play) -> None:
    """A file without content is not a file that is not there."""
    play("printf +; printf text")
    assert asyncio.run(ENGINE.read_file("n", "/a")) == b"text"
    play("printf +")
    assert asyncio.run(ENGINE.read_file("n", "/a")) == b""
    play("exit 0")
    assert asyncio.run(ENGINE.read_file("n", "/a")) is None


def test_the_state_of_a_container_is_reported(play: Play) -> None:
    """Running or not, and its labels."""
    about = {"State": {"Running": False, "Status": "exited"}, "Config": {"Labels": {"a": "b"}}}
    play(f"echo '{json.dumps([about])}'")
    state = asyncio.run(ENGINE.state("n"))
    assert (state.running, state.status, state.labels) == (False, "exited", {"a": "b"})
    play("echo '[]'")
    with pytest.raises(EngineError, match="answered otherwise"):
        asyncio.run(ENGINE.state("n"))
    play("echo 'Error: No such container: n' >&2; exit 1")
    with pytest.raises(ContainerGoneError):
        asyncio.run(ENGINE.state("n"))


def test_an_image_that_is_not_here_has_no_architecture(play: Play) -> None:
    """It is pulled; other refusals are told."""
    play("echo amd64")
    assert asyncio.run(ENGINE.image_architecture("i")) == "amd64"
    play("echo 'Error response from daemon: No such image: i' >&2; exit 1")
    assert asyncio.run(ENGINE.image_architecture("i")) is None
    play("echo 'Error: broken' >&2; exit 1")
    with pytest.raises(EngineError, match="broken"):
        asyncio.run(ENGINE.image_architecture("i"))


def test_what_is_gone_already_is_removed_without_complaint(play: Play) -> None:
    """Undoing twice is as once."""
    play("echo 'Error: No such container: n' >&2; exit 1")
    asyncio.run(ENGINE.remove(("n",)))
    asyncio.run(ENGINE.remove(()))
    play("echo 'Error: device or resource busy' >&2; exit 1")
    with pytest.raises(EngineError, match="busy"):
        asyncio.run(ENGINE.remove(("n",)))
