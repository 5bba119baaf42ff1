"""The words of a real node, letter by letter."""

import pytest

from harness.node import texts
from harness.node.commands import Credentials, Ending, Failing, TransportFailure
from harness.node.settings import NodeSettings
from harness.oci.digest import digest_of
from harness.oci.media_types import OCI_INDEX, OCI_MANIFEST
from harness.recording.outcome import Cause, Outcome
from tests import pulls
from tests.pulls import (
    IMAGE,
    NS,
    URL,
    USER,
    Answer,
    ScriptedRegistry,
    Served,
    Status,
    errors_body,
    refused,
    run_pull,
)

RESOLVE = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '
PULL = f'failed to pull and unpack image "{IMAGE}": '
OPEN = f"{PULL}failed to copy: httpReadSeeker: failed open: "
HEAD_URL = f"{URL}/v2/app/manifests/v1{NS}"
HIDDEN = "?ns=%5BREDACTED%5D"
DO_HEAD = f'{RESOLVE}failed to do request: Head "{URL}/v2/app/manifests/v1{HIDDEN}": '
DEADLINE = "rpc error: code = DeadlineExceeded desc = "
DENIED = "pull access denied, repository does not exist or may require authorization: "
CERTIFICATE = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"


@pytest.mark.parametrize(
    ("answer", "text", "cause"),
    [
        (
            Status(404),
            f"rpc error: code = NotFound desc = {RESOLVE}{IMAGE}: not found",
            Cause.MISSING,
        ),
        (
            Status(429, body=errors_body("TOOMANYREQUESTS", "not shown on HEAD")),
            f"{RESOLVE}unexpected status from HEAD request to {HEAD_URL}: 429 Too Many Requests",
            Cause.RATE,
        ),
        (
            Status(503),
            f"{RESOLVE}unexpected status from HEAD request to {HEAD_URL}: 503 Service Unavailable",
            Cause.SERVER,
        ),
        (
            Status(401),
            f"{RESOLVE}unexpected status from HEAD request to {HEAD_URL}: 401 Unauthorized",
            Cause.AUTH,
        ),
        (
            Status(401, {"www-authenticate": 'Basic realm="r"'}),
            f"{RESOLVE}{DENIED}authorization failed: no basic auth credentials",
            Cause.AUTH,
        ),
        (
            refused("insufficient_scope"),
            f"{RESOLVE}{DENIED}server message: insufficient_scope: authorization failed",
            Cause.AUTH,
        ),
        (
            pulls.REFUSED,
            f"{DO_HEAD}dial tcp 127.0.0.1:5000: connect: connection refused",
            Cause.TCP,
        ),
        (
            pulls.RESET,
            f"{DO_HEAD}read tcp 127.0.0.1:40000->127.0.0.1:5000: read: connection reset by peer",
            Cause.TCP,
        ),
        (pulls.EOF, f"{DO_HEAD}EOF", Cause.TCP),
        (
            pulls.DIAL_TIMEOUT,
            f"{DEADLINE}{DO_HEAD}dial tcp 127.0.0.1:5000: i/o timeout",
            Cause.TIMEOUT,
        ),
        (
            pulls.HEADER_TIMEOUT,
            f"{DEADLINE}{DO_HEAD}net/http: timeout awaiting response headers",
            Cause.TIMEOUT,
        ),
        (pulls.TLS_TIMEOUT, f"{DO_HEAD}net/http: TLS handshake timeout", Cause.TLS),
        (
            TransportFailure(failing=Failing.TLS_CERTIFICATE, detail=CERTIFICATE),
            f"{DO_HEAD}{CERTIFICATE}",
            Cause.TLS,
        ),
        (
            pulls.NXDOMAIN,
            f"{DO_HEAD}dial tcp: lookup registry.harness.test on 127.0.0.1:53: no such host",
            Cause.DNS,
        ),
        (
            TransportFailure(
                failing=Failing.DNS_TIMEOUT, detail="dial tcp: lookup r.test: i/o timeout"
            ),
            f"{DEADLINE}{DO_HEAD}dial tcp: lookup r.test: i/o timeout",
            Cause.DNS,
        ),
        (
            TransportFailure(failing=Failing.NO_PROGRESS, detail=""),
            f"rpc error: code = Canceled desc = {DO_HEAD}context canceled",
            Cause.TIMEOUT,
        ),
    ],
    ids=str,
)
def test_what_a_node_says_when_the_tag_cannot_be_resolved(
    answer: Answer, text: str, cause: Cause
) -> None:
    """HEAD goes wrong: the whole CRI error, its gRPC code and its cause; no secret is given."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [answer]
    result = run_pull(registry).result
    assert result.outcome is Outcome.FAILED
    assert result.error_text == text
    assert result.cause is cause


LAYER = "layer0"


Case = tuple[str, Answer, str, Cause]


def _refused_content() -> list[Case]:
    registry = ScriptedRegistry()
    digest = registry.layers[0]
    blob = f"{URL}/v2/app/blobs/{digest}{NS}"
    manifest = f"{URL}/v2/app/manifests/{registry.top['digest']}{NS}"
    layer_type = "application/vnd.oci.image.layer.v1.tar+gzip"
    return [
        (
            "manifest",
            Status(404),
            f"rpc error: code = NotFound desc = {OPEN}content at {manifest} not found: not found",
            Cause.MISSING,
        ),
        (
            LAYER,
            Status(404),
            (
                f"rpc error: code = NotFound desc = {OPEN}could not fetch content descriptor "
                f"{digest} ({layer_type}) from remote: not found"
            ),
            Cause.MISSING,
        ),
        (
            "manifest",
            Status(429, body=errors_body("TOOMANYREQUESTS", "pull rate limit")),
            (
                f"{OPEN}unexpected status from GET request to {manifest}: 429 Too Many Requests\n"
                "toomanyrequests: pull rate limit"
            ),
            Cause.RATE,
        ),
        (
            LAYER,
            Status(503, body=errors_body("UNAVAILABLE", "service unavailable")),
            (
                f"{OPEN}unexpected status from GET request to {blob}: 503 Service Unavailable\n"
                "unavailable"
            ),
            Cause.SERVER,
        ),
        (
            LAYER,
            Status(403, body=errors_body("DENIED", "Quota exceeded when processing")),
            (
                f"{OPEN}unexpected status from GET request to {blob}: 403 Forbidden\n"
                "denied: Quota exceeded when processing"
            ),
            Cause.QUOTA,
        ),
        (
            LAYER,
            refused("invalid_token"),
            f"{OPEN}server message: invalid_token: authorization failed",
            Cause.AUTH,
        ),
    ]


def _spoilt_content() -> list[Case]:
    digest = ScriptedRegistry().layers[0]
    wrong = digest_of(b"y" * 1000)
    failed_commit = (
        f'rpc error: code = FailedPrecondition desc = {PULL}failed commit on ref "layer-{digest}": '
    )
    return [
        (
            LAYER,
            Served(keep_bytes=600),
            f"{PULL}short read: expected 1000 bytes but got 600: unexpected EOF",
            Cause.TCP,
        ),
        (
            LAYER,
            Served(keep_bytes=600, ending=Ending.RESET),
            f"{PULL}failed to copy: {pulls.RESET.detail}",
            Cause.TCP,
        ),
        (
            LAYER,
            Served(keep_bytes=600, ending=Ending.STALLED),
            f"rpc error: code = Canceled desc = {PULL}failed to copy: context canceled",
            Cause.TIMEOUT,
        ),
        (
            LAYER,
            Served(content=b"y" * 1000),
            (
                f"{failed_commit}unexpected commit digest {wrong}, expected {digest}: "
                "failed precondition"
            ),
            Cause.DIGEST,
        ),
        (
            LAYER,
            Served(content=b"y" * 1001),
            (
                f'{failed_commit}"layer-{digest}" failed size validation: 1001 != 1000: '
                "failed precondition"
            ),
            Cause.DIGEST,
        ),
    ]


@pytest.mark.parametrize(
    ("label", "answer", "text", "cause"), [*_refused_content(), *_spoilt_content()], ids=str
)
def test_what_a_node_says_when_content_cannot_be_fetched(
    label: str, answer: Answer, text: str, cause: Cause
) -> None:
    """GET goes wrong: the whole CRI error, its gRPC code and its cause."""
    registry = ScriptedRegistry()
    registry.script[label] = [answer]
    result = run_pull(registry, credentials=USER).result
    assert result.error_text == text
    assert result.cause is cause


TOKEN_QUERY = "?scope=repository%3Aapp%3Apull&service=registry"


@pytest.mark.parametrize(
    ("script", "secret", "text", "cause"),
    [
        (
            {"POST token": [Status(503)]},
            USER,
            (
                f"{RESOLVE}failed to authorize: failed to fetch oauth token: "
                f"unexpected status from POST request to {URL}/token: 503 Service Unavailable"
            ),
            Cause.AUTH_SERVICE,
        ),
        (
            {"POST token": [Status(401)], "GET token": [Status(401)]},
            USER,
            (
                f"{RESOLVE}failed to authorize: failed to fetch oauth token: "
                f"unexpected status from GET request to {URL}/token{TOKEN_QUERY}: 401 Unauthorized"
            ),
            Cause.AUTH,
        ),
        (
            {"GET token": [Status(403)]},
            None,
            (
                f"{RESOLVE}failed to authorize: failed to fetch anonymous token: "
                f"unexpected status from GET request to {URL}/token{TOKEN_QUERY}: 403 Forbidden"
            ),
            Cause.AUTH,
        ),
        (
            {"POST token": [pulls.HEADER_TIMEOUT]},
            USER,
            (
                f"{DEADLINE}{RESOLVE}failed to authorize: failed to fetch oauth token: "
                f'Post "{URL}/token": net/http: timeout awaiting response headers'
            ),
            Cause.TIMEOUT,
        ),
        (
            {"GET token": [pulls.REFUSED]},
            None,
            (
                f"{RESOLVE}failed to authorize: failed to fetch anonymous token: "
                f'Get "{URL}/token?scope=%5BREDACTED%5D&service=%5BREDACTED%5D": '
                "dial tcp 127.0.0.1:5000: connect: connection refused"
            ),
            Cause.TCP,
        ),
        (
            {"POST token": [Status(200, body=b"{}")]},
            USER,
            (
                f"{RESOLVE}failed to authorize: failed to fetch oauth token: "
                "authorization server did not include a token in the response"
            ),
            Cause.AUTH,
        ),
    ],
)
def test_what_a_node_says_when_there_is_no_token(
    script: dict[str, list[Answer]], secret: Credentials | None, text: str, cause: Cause
) -> None:
    """One token request, its fallback where there is one, and the end of the attempt."""
    registry = ScriptedRegistry(auth="bearer")
    registry.script = script
    result = run_pull(registry, credentials=secret).result
    assert result.error_text == text
    assert result.cause is cause
    assert "secret" not in result.error_text


def test_a_stored_manifest_that_is_not_json() -> None:
    """Its digest is right, so the complaint is about its first character."""
    registry = ScriptedRegistry()
    digest = digest_of(b"<html>")
    registry.content[digest] = ("manifest", OCI_MANIFEST, b"<html>")
    registry.top = {"digest": digest, "size": 6}
    assert run_pull(registry).result.error_text == (
        f"{PULL}children: invalid desc {digest}: "
        "invalid character '<' looking for beginning of value"
    )


def test_a_stored_manifest_that_is_other_json() -> None:
    """What is missing is empty, and the config is asked for without a digest (real node)."""
    registry = ScriptedRegistry()
    document = b'{"status":"ok"}'
    digest = digest_of(document)
    registry.content[digest] = ("manifest", OCI_MANIFEST, document)
    registry.top = {"digest": digest, "size": len(document)}
    assert run_pull(registry).result.error_text == (
        f"rpc error: code = InvalidArgument desc = {PULL}unable to fetch descriptor () which "
        "reports content size of zero: invalid argument"
    )


def test_an_index_without_our_platform() -> None:
    """NotFound, and the cause is that something is missing."""
    registry = ScriptedRegistry()
    platform = {"os": "linux", "architecture": "s390x"}
    entry = {**registry.top, "platform": platform}
    registry.top = registry.add_manifest("index", OCI_INDEX, {"manifests": [entry]})
    result = run_pull(registry).result
    assert result.error_text == (
        f"rpc error: code = NotFound desc = {PULL}no match for platform in manifest: not found"
    )
    assert result.cause is Cause.MISSING


def test_a_manifest_that_is_too_large_is_refused() -> None:
    """containerd's limit is 4 x 1048 x 1048 bytes, as it is written there."""
    registry = ScriptedRegistry()
    registry.top["size"] = 0
    headers = {
        "content-type": OCI_MANIFEST,
        "docker-content-digest": str(registry.top["digest"]),
        "content-length": "4393217",
    }
    registry.script["HEAD"] = [Status(200, headers)]
    assert run_pull(registry).result.error_text == (
        f"rpc error: code = NotFound desc = {RESOLVE}"
        f"rejecting 4393217 byte manifest for {IMAGE}: not found"
    )


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b"", ""),
        (b"<html>", ""),
        (b"[]", ""),
        (b'{"errors": []}', ""),
        (b'{"errors": [3]}', ""),
        (errors_body("TOOMANYREQUESTS", "slow down"), "toomanyrequests: slow down"),
        (errors_body("MANIFEST_UNKNOWN", "manifest unknown"), "unknown: manifest unknown"),
        (errors_body("UNAUTHORIZED", "authentication required"), "unauthorized"),
        (errors_body("UNAVAILABLE", "service unavailable"), "unavailable"),
        (errors_body("DENIED", ""), "denied"),
        (
            b'{"errors":[{"code":"DENIED","message":"a"},{"code":"UNKNOWN","message":"b"}]}',
            "errors:\ndenied: a\nunknown: b\n",
        ),
        (
            (
                b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required",'
                b'"detail":[{"Name":"app"}]}]}'
            ),
            "unauthorized: authentication required",
        ),
    ],
)
def test_the_second_line(body: bytes, line: str) -> None:
    """containerd knows six codes and drops a message that is its own."""
    assert texts.registry_errors(body) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0009, "0s"),
        (0.85, "850ms"),
        (1.0, "1s"),
        (1.2345, "1.234s"),
        (59.9, "59.9s"),
        (60, "1m0s"),
        (125.25, "2m5.25s"),
        (3661.5, "1h1m1.5s"),
    ],
)
def test_go_durations(seconds: float, text: str) -> None:
    """Cut to milliseconds, without trailing zeros."""
    assert texts.go_duration(seconds) == text


def test_events() -> None:
    """The messages of kubelet's events."""
    assert texts.pulling("app") == 'Pulling image "app"'
    assert texts.already_present("app") == 'Container image "app" already present on machine'
    assert texts.failed_to_pull("app", "why") == 'Failed to pull image "app": why'
    assert texts.back_off("app") == 'Back-off pulling image "app"'
    assert (
        texts.waiting_in_back_off("app", "why") == 'Back-off pulling image "app": ErrImagePull: why'
    )
    assert texts.pulled("app", pull_s=1.2344, waiting_s=5.678, image_bytes=12345) == (
        'Successfully pulled image "app" in 1.234s (5.678s including waiting). '
        "Image size: 12345 bytes."
    )


def test_no_progress_limit_is_the_nodes() -> None:
    """It reaches every request."""
    registry = ScriptedRegistry()
    run_pull(registry, settings=NodeSettings(image_pull_progress_timeout_s=7.0))
    assert {request.progress_timeout_s for request in registry.requests} == {7.0}
