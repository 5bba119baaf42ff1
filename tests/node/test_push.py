"""A push: a place is asked for, everything is put there, and what goes wrong has its cause."""

from typing import Any

import pytest

from harness.node.commands import Credentials, Failing, PullResult, Reply, Request, TransportFailure
from harness.node.push import push
from harness.oci.errors import ErrorCode, error_body
from harness.recording.outcome import Cause, Outcome

URL = "http://registry.harness.test:5000"
USER = Credentials(username="pusher", password="secret")
CHALLENGE = {
    "www-authenticate": f'Bearer realm="{URL}/token",service="s",scope="repository:app:pull,push"'
}
TOKEN = Reply(status=200, headers={}, body=b'{"access_token": "t", "expires_in": 300}')
PLACED = Reply(status=202, headers={"location": "/v2/app/blobs/uploads/7?state=x"})
CREATED = Reply(status=201, headers={})


def pushed(
    *answers: Reply | TransportFailure, credentials: Credentials | None = None
) -> tuple[PullResult, list[Request]]:
    """What became of a push that gets these answers in turn, and what it asked."""
    rule = push(b"content", registry_url=URL, repository="app", credentials=credentials)
    asked: list[Request] = []
    waiting: list[Any] = list(answers)
    reply: Any = None
    while True:
        try:
            command = rule.send(reply)
        except StopIteration as stop:
            assert not waiting
            return stop.value, asked
        reply = None
        if isinstance(command, Request):
            asked.append(command)
            reply = waiting.pop(0)


def test_a_place_is_requested_and_everything_put_there() -> None:
    """The digest joins the state that the registry put into the location."""
    result, (post, put) = pushed(PLACED, CREATED)
    assert (result.outcome, result.blob_bytes) == (Outcome.OK, 7)
    assert (post.method, post.url) == ("POST", f"{URL}/v2/app/blobs/uploads/")
    assert put.method == "PUT"
    assert put.url.startswith(f"{URL}/v2/app/blobs/uploads/7?state=x&digest=sha256%3A")
    assert put.body == b"content"


def test_a_location_without_a_state_gets_the_digest_alone() -> None:
    placed = Reply(status=202, headers={"location": f"{URL}/v2/app/blobs/uploads/8"})
    _, (_, put) = pushed(placed, CREATED)
    assert put.url.startswith(f"{URL}/v2/app/blobs/uploads/8?digest=sha256%3A")


def test_a_challenge_is_answered_with_a_token_for_pushing() -> None:
    """One token serves both requests."""
    refused = Reply(status=401, headers=CHALLENGE)
    result, asked = pushed(refused, TOKEN, PLACED, CREATED, credentials=USER)
    assert result.outcome is Outcome.OK
    assert [request.method for request in asked] == ["POST", "POST", "POST", "PUT"]
    assert "push" in str(asked[1].form)
    assert {request.headers.get("Authorization") for request in asked[2:]} == {"Bearer t"}


@pytest.mark.parametrize(
    ("answers", "cause", "said"),
    [
        (
            [Reply(status=403, headers={}, body=error_body(ErrorCode.DENIED, "Quota exceeded"))],
            Cause.QUOTA,
            "POST /v2/app/blobs/uploads/: 403 DENIED: Quota exceeded",
        ),
        ([Reply(status=507, headers={})], Cause.QUOTA, "POST /v2/app/blobs/uploads/: 507"),
        (
            [PLACED, Reply(status=400, headers={})],
            Cause.UNKNOWN,
            "PUT /v2/app/blobs/uploads/7: 400",
        ),
        (
            [TransportFailure(failing=Failing.DIAL_REFUSED, detail="connect: connection refused")],
            Cause.TCP,
            "connection refused",
        ),
    ],
)
def test_what_goes_wrong_has_its_cause_and_no_state_in_its_text(
    answers: list[Reply | TransportFailure], cause: Cause, said: str
) -> None:
    result, _ = pushed(*answers)
    assert (result.outcome, result.cause) == (Outcome.FAILED, cause)
    assert said in result.error_text
    assert "state=x" not in result.error_text
