"""What containerd asks under each mistake in hosts.toml, in which order, and what it tells."""

import pytest

from harness.node.commands import Reply, Request, TransportFailure
from harness.node.hosts import NOBODY, hosts_with
from harness.recording.outcome import Outcome
from harness.seams import HostsMistake
from tests.pulls import (
    DIAL_TIMEOUT,
    EOF,
    REFUSED,
    URL,
    ScriptedRegistry,
    Status,
    errors_body,
    run_pull,
)

MIRROR = f"{URL}/mirror"
HOST = "registry.harness.test"


@pytest.mark.parametrize(
    ("mistake", "asked"),
    [
        (None, (URL,)),
        (HostsMistake.WRONG_HOST, (f"http://misspelt.{HOST}:5000",)),
        (HostsMistake.WRONG_PORT, (f"http://{HOST}:1",)),
        (HostsMistake.WRONG_PATH, (f"{URL}/wrong/path",)),
        (HostsMistake.MIRROR_WITHOUT_CONTENT, (MIRROR, URL)),
        (HostsMistake.MIRROR_REFUSES, (f"http://{HOST}:1", URL)),
        (HostsMistake.MIRROR_DROPS, (f"http://{NOBODY}:5000", URL)),
    ],
)
def test_mirrors_are_asked_before_the_server(
    mistake: HostsMistake | None, asked: tuple[str, ...]
) -> None:
    """What is astray is the first of them, or nothing."""
    hosts = hosts_with(mistake, URL)
    assert (*hosts.mirrors, hosts.server) == asked
    assert hosts.astray == ("" if mistake is None else asked[0])


class Mirrored:
    """A registry behind a mirror that always answers the same."""

    def __init__(self, mirror: Status | TransportFailure, registry: ScriptedRegistry) -> None:
        self.mirror = mirror
        self.registry = registry
        self.log: list[str] = []

    def __call__(self, request: Request, now_s: float) -> tuple[float, Reply | TransportFailure]:
        if not request.url.startswith(MIRROR):
            seconds, reply = self.registry(request, now_s)
            self.log.append(self.registry.log[-1])
            return seconds, reply
        self.log.append(f"mirror {request.method}")
        if isinstance(self.mirror, TransportFailure):
            return 0.01, self.mirror
        status = self.mirror
        return 0.01, Reply(status=status.status, headers=status.headers, body=status.body)


@pytest.mark.parametrize("mirror", [Status(404), Status(503), REFUSED, EOF, DIAL_TIMEOUT])
def test_a_mirror_that_fails_is_asked_at_each_step(mirror: Status | TransportFailure) -> None:
    """Once each: broken answers are asked for again at the last host only."""
    both = Mirrored(mirror, ScriptedRegistry())
    assert run_pull(both, mirrors=(MIRROR,)).result.outcome is Outcome.OK
    assert both.log == [
        *("mirror HEAD", "HEAD 200", "mirror GET", "manifest 200"),
        *("mirror GET", "config 200", "mirror GET", "layer0 200"),
    ]


def test_a_busy_mirror_is_asked_again_as_any_host() -> None:
    """429 is tried again at once, wherever it comes from."""
    both = Mirrored(Status(429), ScriptedRegistry())
    assert run_pull(both, mirrors=(MIRROR,)).result.outcome is Outcome.OK
    assert both.log[:6] == ["mirror HEAD"] * 5 + ["HEAD 200"]


@pytest.mark.parametrize(
    ("mirror", "registry", "told"),
    [
        (Status(404), REFUSED, "app:v1: not found"),  # an answer tells more than none
        (REFUSED, Status(404), "app:v1: not found"),
        (Status(404), Status(401), "401 Unauthorized"),  # a refusal tells more than nothing there
        (Status(502), Status(404), "502 Bad Gateway"),
        (Status(502), Status(401), "502 Bad Gateway"),  # the first of those that tell as much
        (REFUSED, EOF, "connection refused"),
    ],
)
def test_the_failure_that_tells_most_is_reported_of_a_tag(
    mirror: Status | TransportFailure, registry: Status | TransportFailure, told: str
) -> None:
    """And of those that tell as much, the first."""
    scripted = ScriptedRegistry()
    scripted.script["HEAD"] = [registry]
    result = run_pull(Mirrored(mirror, scripted), mirrors=(MIRROR,)).result
    assert f'failed to resolve reference "{HOST}/app:v1": ' in result.error_text
    assert told in result.error_text


def test_the_first_hosts_failure_is_reported_of_content() -> None:
    """Even if the registry's own would say more."""
    scripted = ScriptedRegistry()
    scripted.script["layer0"] = [Status(403, body=errors_body("DENIED", "not yours"))]
    result = run_pull(Mirrored(REFUSED, scripted), mirrors=(MIRROR,)).result
    assert "failed open: failed to do request: Get" in result.error_text
    assert "connection refused" in result.error_text
    result = run_pull(Mirrored(Status(404), scripted), mirrors=(MIRROR,)).result
    assert "could not fetch content descriptor" in result.error_text
    assert result.error_text.endswith("from remote: not found")


def test_a_path_is_part_of_what_is_asked() -> None:
    """The API begins below it."""
    asked: list[str] = []

    def respond(request: Request, now_s: float) -> tuple[float, Reply | TransportFailure]:
        asked.append(request.url)
        return 0.0, Reply(status=404, headers={})

    run_pull(respond, url=f"{URL}/wrong/path")
    assert asked == [f"{URL}/wrong/path/v2/app/manifests/v1?ns={HOST}"]
