"""Registries that break the rules: findings, bounded memory, no crash."""

import asyncio
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness.audit.findings import Check
from harness.oci.digest import digest_of
from harness.registry_client.client import path_of
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login
from tests.audit.test_audit import LIMITS, Audited, audited
from tests.scripted_server import FIN, HANG, RST, Ask, Steps, ok, promised, scripted

LIST_BYTES = 8 << 20
EMPTY = b'{"schemaVersion":2}'
Script = Callable[[Ask], Steps | None]


def usual(ask: Ask) -> Steps:
    """A registry with one tag of one manifest of nothing."""
    path = ask.path.partition("?")[0]
    if path == "/v2/":
        return [ok(b"{}")]
    if path == "/v2/_catalog":
        return [ok(b'{"repositories":["app"]}')]
    if path == "/v2/app/tags/list":
        return [ok(b'{"tags":["v1"]}')]
    if "/referrers/" in path:
        return [ok(b"", status="404 Not Found")]
    named = f"Docker-Content-Digest: {digest_of(EMPTY)}"
    if ask.method == "HEAD":
        return [ok(EMPTY, named).removesuffix(EMPTY)]
    return [ok(EMPTY, named)]


def audit_of(
    script: Script,
    folder: Path,
    login: Login | None = None,
    limits: AskLimits = LIMITS,
    timeout_s: float | None = None,
) -> Audited:
    """What an audit finds where `script` does not leave the answer to `usual`."""

    def answer(ask: Ask, _: int) -> Steps:
        told = script(ask)
        return usual(ask) if told is None else told

    with scripted(answer) as server:
        auditing = audited(
            server.url, folder, login=login or Login(), limits=limits, timeout_s=timeout_s
        )
        return asyncio.run(auditing)


def at(part: str, *steps: bytes | str, method: str = "GET") -> Script:
    """These steps where `part` is in the path."""
    return lambda ask: steps if part in ask.path and ask.method == method else None


def test_the_usual_one_is_clean(tmp_path: Path) -> None:
    """Or the rest would prove nothing."""
    seen = audit_of(lambda _: None, tmp_path)
    assert seen.findings == []
    assert seen.totals["manifests"] == 1


NEXT = 'Link: <{}>; rel="next"'
LISTS = [
    (at("_catalog", ok(b"[" * 100_000)), "no JSON object"),
    (at("_catalog", ok(b'["app"]')), "no JSON object"),
    (at("_catalog", ok(b'{"repositories":{}}')), "no JSON list of repositories"),
    (at("_catalog", ok(b'{"repositories":[1]}')), "no JSON list of repositories"),
    (at("tags", ok(b'{"tags":["../../etc"]}')), "tag '../../etc' is malformed"),
    (at("_catalog", ok(b'{"repositories":["../../x"]}')), "repository '../../x' is malformed"),
    (at("tags", ok(b'{"tags":["v1"]}', NEXT.format("http://x/v2/y/tags/list?n=1"))), "Link leads"),
    (at("tags", ok(b'{"tags":["v1"]}', NEXT.format("/v2/app/tags/list?n=1"))), "in a circle"),
    (at("tags", b"HTTP/1.1 200 OK\r\nX: " + b"h" * (10 << 20)), "RemoteProtocolError"),
    (at("tags", promised(LIST_BYTES * 2, b" " * (LIST_BYTES + 1))), "a body of more than"),
    (at("tags", ok(gzip.compress(b"0" * (64 << 20)), "Content-Encoding: gzip")), "no JSON object"),
    (at("tags", b"SSH-2.0-x\r\n\r\n", FIN), "RemoteProtocolError"),
    (at("tags", ok(b"", "Location: file:///etc/passwd", status="302 Found")), "redirected to"),
    (at("tags", ok(b"", "Location: http://[", status="302 Found")), "redirected to"),
    (at("tags", ok(b"", "Location: ?", status="307 Temporary Redirect")), "10 redirects"),
]


@pytest.mark.parametrize(("script", "said"), LISTS)
def test_lists_that_are_none(tmp_path: Path, script: Script, said: str) -> None:
    """One finding that names what is wrong; no name that is none goes into a path."""
    seen = audit_of(script, tmp_path)
    assert said in seen.said(Check.MALFORMED)
    assert {it.check for it in seen.findings} == {Check.MALFORMED}


MANIFESTS = [
    (at("manifests/v1", ok(b"", "Docker-Content-Digest: ../x"), method="HEAD"), "malformed"),
    (at("manifests/sha256", ok(b"{" * 2000)), "digest"),
    (at("manifests/sha256", ok(b" " * (5 << 20))), "malformed"),
    (at("manifests/sha256", promised(len(EMPTY), EMPTY[:5]), FIN), "malformed"),
    (at("manifests/sha256", promised(len(EMPTY), EMPTY[:5]), RST), "unreadable"),
    (at("manifests/sha256", ok(b"", status="403 Forbidden")), "credentials"),
    (at("manifests/sha256", ok(b"", status="418 I'm a teapot")), "unreadable"),
    (at("manifests/v1", ok(b"", status="404 Not Found"), method="HEAD"), "missing"),
]


@pytest.mark.parametrize(("script", "check"), MANIFESTS)
def test_manifests_that_are_none(tmp_path: Path, script: Script, check: str) -> None:
    """Each is one finding of its check."""
    assert [it.check for it in audit_of(script, tmp_path).findings] == [check]


def image(config: bytes, **more: object) -> bytes:
    """A manifest of one config."""
    described = {"mediaType": "x", "digest": digest_of(config), "size": len(config), **more}
    return json.dumps({"config": described}).encode()


@pytest.mark.parametrize(
    ("answer", "size", "check"),
    [
        (ok(b"config"), 6, None),
        (ok(b"confix"), 6, "digest"),
        (promised(1 << 40, b"c" * (3 << 20)), 6, "size"),
        (ok(b"config"), 5, "size"),
        (ok(b"config"), 7, "size"),
        (ok(b"", status="404 Not Found"), 6, "missing"),
    ],
)
def test_blobs_are_read_no_further_than_they_should_go(
    tmp_path: Path, answer: bytes, size: int, check: str | None
) -> None:
    """What promises a tebibyte is left as soon as it is longer than its manifest says."""
    manifest = image(b"config", size=size)

    def script(ask: Ask) -> Steps | None:
        if "/blobs/" in ask.path:
            return [answer]
        if "/manifests/" in ask.path:
            whole = ok(manifest, f"Docker-Content-Digest: {digest_of(manifest)}")
            return [whole.removesuffix(manifest) if ask.method == "HEAD" else whole]
        return None

    seen = [it.check.value for it in audit_of(script, tmp_path).findings]
    assert seen == ([check] if check else [])


def test_sizes_beyond_any_number_end_no_audit(tmp_path: Path) -> None:
    """Three layers of 4 EiB each: their sum fits no integer of a database."""
    huge = [
        {"mediaType": "x", "digest": digest_of(bytes([number])), "size": (1 << 62) - 1}
        for number in range(3)
    ]
    manifest = json.dumps({"layers": huge}).encode()

    def script(ask: Ask) -> Steps | None:
        if "/manifests/" in ask.path:
            whole = ok(manifest, f"Docker-Content-Digest: {digest_of(manifest)}")
            return [whole.removesuffix(manifest) if ask.method == "HEAD" else whole]
        return None

    seen = audit_of(script, tmp_path)
    assert seen.totals["bytes"] == int(4e18)


def test_a_busy_registry_is_asked_again(tmp_path: Path) -> None:
    """429 and 503 pass; Retry-After is kept within reason, and so is one that is no number."""
    told = iter(["429 Too Many Requests", "503 Service Unavailable"])

    def script(ask: Ask) -> Steps | None:
        status = next(told, None) if "tags" in ask.path else None
        return None if status is None else [ok(b"", f"Retry-After: {'9' * 5000}", status=status)]

    assert audit_of(script, tmp_path).findings == []


def dripping(head: bytes, step: bytes) -> Steps:
    """`head`, and then `step` again and again, until the client goes."""

    def steps() -> Iterator[bytes]:
        yield head
        while True:
            time.sleep(0.02)
            yield step

    return cast("Steps", steps())


SHORT = AskLimits(answer_s=0.4, tries=1, pages=5)
DRIPPED = promised(1000, b"{").replace(b"\r\n\r\n", b"\r\nDocker-Content-Digest: x\r\n\r\n")


@pytest.mark.parametrize("part", ["tags", "manifests/v1", "manifests/sha256", "token"])
@pytest.mark.parametrize(
    ("head", "step"),
    [
        (DRIPPED, b" "),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    ],
    ids=["a byte at a time", "endless interim answers", "an endless head"],
)
def test_an_answer_without_end_is_left_after_its_deadline(
    tmp_path: Path, part: str, head: bytes, step: bytes
) -> None:
    """Wherever it comes, also from the token service: one finding, and the rest is looked at."""

    def script(ask: Ask) -> Steps | None:
        if part in ask.path and ask.method == "GET":
            return dripping(head, step)
        if part == "token" and "/tags/" in ask.path and "authorization" not in ask.headers:
            header = CHALLENGE.format(f"http://{ask.headers['host']}/token")
            return [ok(b"", header, status="401 Unauthorized")]
        if part == "manifests/v1" and part in ask.path:
            return [ok(b"")]  # no digest in its head, so its body is asked for
        return None

    seen = audit_of(script, tmp_path, limits=SHORT)
    assert "no whole answer within 0.4 s, or slower than 10 KiB/s" in seen.said(Check.UNREADABLE)
    assert len(seen.findings) == 1
    assert seen.left_out == []


def test_a_slow_answer_is_waited_for(tmp_path: Path) -> None:
    """As long as it brings the least that it must."""
    limits = AskLimits(answer_s=0.4, tries=1, least_bytes_per_s=10)
    body = b'{"tags":["v1"]}'.ljust(60)

    def steps() -> Iterator[bytes]:
        yield promised(len(body), b"")
        for number in range(0, len(body), 5):
            time.sleep(0.1)
            yield body[number : number + 5]

    def script(ask: Ask) -> Steps | None:
        return cast("Steps", steps()) if "tags" in ask.path else None

    seen = audit_of(script, tmp_path, limits=limits)
    assert (seen.findings, seen.left_out, seen.totals["tags"]) == ([], [], 1)


def endless(key: str, names: str) -> Script:
    """A list of one more page for ever, each at a place of its own."""

    def script(ask: Ask) -> Steps | None:
        if names not in ask.path:
            return [ok(b"", status="404 Not Found")] if "/v2/n" in ask.path else None
        page = int(ask.path.rpartition("p=")[2]) + 1 if "p=" in ask.path else 1
        items = json.dumps({key: [] if key == "manifests" else [f"n{page}"]}).encode()
        return [ok(items, NEXT.format(f"{ask.path.partition('?')[0]}?p={page}"))]

    return script


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("repositories", "/v2/_catalog"),
        ("tags", "/v2/app/tags/list"),
        ("manifests", f"/v2/app/referrers/{digest_of(EMPTY)}"),
    ],
)
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (SHORT, "more than 5 pages"),
        (AskLimits(list_s=0.0), "not whole within 0 s"),
    ],
    ids=["pages", "time"],
)
def test_a_list_without_end_makes_the_audit_partial(
    tmp_path: Path, key: str, path: str, limits: AskLimits, said: str
) -> None:
    """It says of which list the rest is missing; what was listed is looked at."""
    seen = audit_of(endless(key, path), tmp_path, limits=limits)
    assert seen.left_out == [f"the rest of a list: GET {path}: {said}"]
    assert {it.check for it in seen.findings} <= {Check.MISSING}
    assert seen.totals["repositories"] >= 1


def test_a_list_that_comes_round_again_is_a_circle(tmp_path: Path) -> None:
    """By where its pages lead, although it never has a name in it."""

    def script(ask: Ask) -> Steps | None:
        if "/tags/" not in ask.path:
            return None
        place = "a" if "?b" in ask.path else "b"
        return [ok(b'{"tags":[]}', NEXT.format(f"/v2/app/tags/list?{place}"))]

    assert "turn in a circle" in audit_of(script, tmp_path).said(Check.MALFORMED)


def test_what_a_timeout_leaves_out_is_named(tmp_path: Path) -> None:
    """By repository, and how much of the one that was being read; what was found stays."""

    def script(ask: Ask) -> Steps | None:
        if "_catalog" in ask.path:
            return [ok(b'{"repositories":["app","b/c","d"]}')]
        if "/app/tags" in ask.path:
            return [ok(b'{"tags":["gone","v1"]}')]
        if ask.path.endswith("/gone"):
            return [ok(b"", status="404 Not Found")]
        return [HANG] if "manifests/sha256" in ask.path else None

    seen = audit_of(script, tmp_path, timeout_s=0.7)
    assert seen.left_out == ["app: 1 manifests", "b/c: all of it", "d: all of it"]
    assert [(it.check, it.subject) for it in seen.findings] == [(Check.MISSING, "gone")]


@pytest.mark.parametrize(
    ("key", "path", "left"),
    [
        ("repositories", "/v2/_catalog", "the list of repositories"),
        ("tags", "/v2/app/tags/list", "the list of tags of app"),
    ],
)
def test_a_timeout_within_a_list_names_the_list(
    tmp_path: Path, key: str, path: str, left: str
) -> None:
    """What it had listed until then, too."""
    seen = audit_of(endless(key, path), tmp_path, timeout_s=0.7)
    assert seen.left_out[0] == f"the rest of {left}"
    assert len(seen.left_out) >= 2


CHALLENGE = 'WWW-Authenticate: Bearer realm="{}",service="s"'
ROBOT = Login(username="robot", password="s3cret")


@pytest.mark.parametrize(
    ("header", "check", "said"),
    [
        ("X: y", Check.CREDENTIALS, "401 without a challenge"),
        (CHALLENGE.format("file:///etc/passwd"), Check.MALFORMED, "the challenge's realm is"),
        (CHALLENGE.format("{url}/token"), Check.MALFORMED, "no token"),
    ],
)
def test_challenges_that_lead_nowhere(tmp_path: Path, header: str, check: Check, said: str) -> None:
    """A realm that is no URL, one that gives no token: told, and the password is not."""

    def script(ask: Ask) -> Steps | None:
        if "token" in ask.path:
            return [ok(b'{"token":"a\\nb"}')]
        if "tags" not in ask.path:
            return None
        url = f"http://{ask.headers['host']}"
        return [ok(b"", header.replace("{url}", url), status="401 Unauthorized")]

    seen = audit_of(script, tmp_path, ROBOT)
    assert said in seen.said(check)
    assert "s3cret" not in str(seen.findings)


def test_credentials_stay_with_the_registry(tmp_path: Path) -> None:
    """A redirect to another address is followed without them."""
    with scripted(lambda ask, _: usual(ask)) as elsewhere:

        def script(ask: Ask) -> Steps | None:
            if "tags" not in ask.path:
                return None
            if "authorization" not in ask.headers:
                wants = 'WWW-Authenticate: Basic realm="r"'
                return [ok(b"", wants, status="401 Unauthorized")]
            place = f"Location: {elsewhere.url}/v2/app/tags/list"
            return [ok(b"", place, status="302 Found")]

        seen = audit_of(script, tmp_path, ROBOT)
        assert seen.findings == []
        assert elsewhere.asks
        assert not any("authorization" in ask.headers for ask in elsewhere.asks)


def test_paths_hold_only_what_they_may() -> None:
    """Names are checked before; this is the second lock."""
    assert path_of("blobs", "a b/../c?", "sha256:1#") == "/v2/a%20b/../c%3F/blobs/sha256:1%23"
