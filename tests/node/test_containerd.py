"""What a node asks for during a pull, in which order and how often."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.node.commands import Ending, Reply, Request, TransportFailure
from harness.node.image_store import ContentStore
from harness.node.settings import NodeSettings
from harness.recording.outcome import Cause, Outcome
from tests import pulls
from tests.pulls import (
    EOF,
    IMAGE,
    NS,
    REFUSED,
    RESET,
    RIGHT,
    TLS_TIMEOUT,
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

PLAIN = ["HEAD 200", "manifest 200", "config 200", "layer0 200"]


def test_a_plain_pull_is_head_manifest_config_layer() -> None:
    """Four requests for one layer, the manifest by digest, all with ?ns= of the image's host."""
    registry = ScriptedRegistry()
    pulled = run_pull(registry)
    assert pulled.result.outcome is Outcome.OK
    assert registry.log == PLAIN
    assert registry.requests[0].url == f"{URL}/v2/app/manifests/v1{NS}"
    assert registry.requests[1].url == f"{URL}/v2/app/manifests/{registry.top['digest']}{NS}"
    assert registry.requests[2].url == f"{URL}/v2/app/blobs/{registry.config}{NS}"
    assert [request.client for request in registry.requests] == ["resolver"] + ["fetcher"] * 3
    sizes = [len(body) for _, _, body in registry.content.values()]
    assert pulled.result.image_bytes == sum(sizes)


@pytest.mark.parametrize(
    ("image", "url", "ns"),
    [
        ("registry.harness.test/app:v1", "http://registry.harness.test:5000", True),
        ("registry.harness.test:5000/app:v1", "http://registry.harness.test:5000", False),
        ("registry.harness.test/app:v1", "https://registry.harness.test", False),
        ("app:v1", "https://registry-1.docker.io", False),
        ("app:v1", "http://mirror.harness.test:5000", True),
    ],
)
def test_ns_is_sent_exactly_to_a_host_that_is_not_the_images_own(
    *, image: str, url: str, ns: bool
) -> None:
    """A hosts.toml that names another address than the image makes containerd say whose."""
    asked: list[str] = []

    def respond(request: Request, now_s: float) -> tuple[float, Reply | TransportFailure]:
        asked.append(request.url)
        return 0.0, Reply(status=404, headers={})

    run_pull(respond, image=image, url=url)
    assert ("?ns=" in asked[0]) is ns
    if ns and image == "app:v1":
        assert asked[0].endswith("/v2/library/app/manifests/v1?ns=docker.io")


def test_an_index_is_resolved_to_linux_amd64() -> None:
    """Index, then the platform's manifest, each by digest."""
    registry = ScriptedRegistry(index=True, layers=2)
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[:4] == ["HEAD 200", "index 200", "manifest 200", "config 200"]


def test_no_layer_is_requested_before_the_config_and_three_at_a_time() -> None:
    """Ten layers of one second each take four rounds."""
    registry = ScriptedRegistry(layers=10)
    for number in range(10):
        registry.seconds[f"layer{number}"] = 1.0
    pulled = run_pull(registry)
    assert registry.log[:3] == PLAIN[:3]
    assert 4.0 <= pulled.took_s < 4.1


def test_bearer_takes_eight_requests_and_two_tokens() -> None:
    """Resolver and fetcher challenge, ask and keep their tokens apart."""
    registry = ScriptedRegistry(auth="bearer")
    assert run_pull(registry, credentials=USER).result.outcome is Outcome.OK
    assert registry.log == [
        "HEAD 401",
        "POST token 200",
        "HEAD 200",
        "manifest 401",
        "POST token 200",
        "manifest 200",
        "config 200",
        "layer0 200",
    ]
    assert registry.requests[1].form == {
        "client_id": "containerd-client",
        "grant_type": "password",
        "password": "secret",
        "scope": "repository:app:pull",
        "service": "registry",
        "username": "puller",
    }
    given_tokens = [request.headers.get("Authorization") for request in registry.requests]
    assert given_tokens == [None, None, "Bearer t1", None, None] + ["Bearer t2"] * 3


@pytest.mark.parametrize("status", [400, 401, 404, 405])
def test_a_token_service_without_post_is_asked_by_get(status: int) -> None:
    """With Basic credentials and the challenge's service and scope in the query."""
    registry = ScriptedRegistry(auth="bearer")
    registry.script["POST token"] = [Status(status)]
    assert run_pull(registry, credentials=USER).result.outcome is Outcome.OK
    assert registry.log[:4] == ["HEAD 401", f"POST token {status}", "GET token 200", "HEAD 200"]
    get = registry.requests[2]
    assert pulls.query(get.url) == {"scope": ["repository:app:pull"], "service": ["registry"]}
    assert get.headers["Authorization"] == "Basic cHVsbGVyOnNlY3JldA=="


def test_without_a_secret_the_token_is_requested_by_anonymous_get() -> None:
    """No Authorization header on it, and no POST before it."""
    registry = ScriptedRegistry(auth="bearer")
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[:3] == ["HEAD 401", "GET token 200", "HEAD 200"]
    assert "Authorization" not in registry.requests[1].headers


def test_basic_is_challenged_once_for_head_and_once_for_the_manifest() -> None:
    """As seen with Basic on a real node."""
    registry = ScriptedRegistry(auth="basic")
    assert run_pull(registry, credentials=USER).result.outcome is Outcome.OK
    assert registry.log == ["HEAD 401", "HEAD 200", "manifest 401", *PLAIN[1:]]


def test_nothing_is_kept_for_the_next_pull_but_content() -> None:
    """A second pull fetches its own token, finds all content, and asks nothing else."""
    registry = ScriptedRegistry(auth="bearer")
    content = ContentStore()
    first = run_pull(registry, credentials=USER, content=content)
    registry.log.clear()
    second = run_pull(registry, credentials=USER, content=content)
    assert registry.log == ["HEAD 401", "POST token 200", "HEAD 200"]
    assert (first.result.cached, second.result.cached) == (False, True)
    assert second.result.blob_bytes == 0
    assert second.result.image_bytes == first.result.image_bytes


def test_a_layer_that_another_image_brought_is_not_asked_for_again() -> None:
    """Only what is missing is downloaded, and the pull is not called cached."""
    registry = ScriptedRegistry(layers=2)
    content = ContentStore()
    content.keep(registry.layers[0])
    result = run_pull(registry, content=content).result
    assert registry.log == [*PLAIN[:3], "layer1 200"]
    assert not result.cached


TOO_MANY = Status(429, {"retry-after": "60"}, errors_body("TOOMANYREQUESTS", "slow down"))


@pytest.mark.parametrize(
    ("label", "answer", "requests"),
    [
        ("HEAD", TOO_MANY, 5),
        ("HEAD", Status(408), 5),
        ("HEAD", Status(500), 2),
        ("HEAD", Status(503), 2),
        ("HEAD", Status(504), 2),
        ("HEAD", Status(502), 1),
        ("HEAD", Status(404), 1),
        ("HEAD", Status(401), 1),
        ("HEAD", refused(), 5),
        ("HEAD", refused("insufficient_scope"), 2),
        ("HEAD", REFUSED, 1),
        ("HEAD", RESET, 1),
        ("HEAD", EOF, 5),
        ("HEAD", TLS_TIMEOUT, 5),
        ("HEAD", pulls.NXDOMAIN, 1),
        ("HEAD", pulls.DNS_TIMEOUT, 5),
        ("HEAD", pulls.HEADER_TIMEOUT, 1),
        ("HEAD", pulls.DIAL_TIMEOUT, 1),
        ("manifest", TOO_MANY, 5),
        ("manifest", Status(500), 2),
        ("manifest", Status(403), 1),
        ("config", Status(502), 1),
        ("layer0", TOO_MANY, 5),
        ("layer0", Status(404), 1),
        ("layer0", refused(), 5),
        ("layer0", refused("invalid_token"), 2),
        ("layer0", Served(keep_bytes=0, ending=Ending.CUT), 4),
        ("layer0", Served(keep_bytes=0, ending=Ending.RESET), 1),
        ("layer0", Served(keep_bytes=500), 1),
        ("layer0", Served(content=b"x" * 1000), 1),
    ],
    ids=str,
)
def test_requests_of_a_failed_attempt(label: str, answer: Answer, requests: int) -> None:
    """How often the same bad answer is met before the attempt fails."""
    registry = ScriptedRegistry(auth="bearer" if label == "layer0" else "none")
    registry.script[label] = [answer]
    content = ContentStore()
    pulled = run_pull(registry, credentials=USER, content=content)
    assert pulled.result.outcome is Outcome.FAILED
    assert sum(line.startswith(f"{label} ") for line in registry.log) == requests
    assert len(content) == 0, "a failed pull leaves nothing behind"


def test_429_is_repeated_at_once() -> None:
    """Five requests within ten milliseconds each; Retry-After changes nothing."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [TOO_MANY]
    assert run_pull(registry).took_s == pytest.approx(5 * 0.01)


def test_transient_transport_errors_are_repeated_50_ms_apart() -> None:
    """Four pauses between five requests."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [EOF]
    assert run_pull(registry).took_s == pytest.approx(5 * 0.01 + 4 * 0.05)


def test_different_server_errors_go_on_until_one_comes_twice() -> None:
    """500, 503, 500, 503 are four requests; then the registry is healthy."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [Status(500), Status(503), Status(500), Status(503), RIGHT]
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[:5] == ["HEAD 500", "HEAD 503", "HEAD 500", "HEAD 503", "HEAD 200"]


def test_three_hanging_handshakes_cost_no_attempt() -> None:
    """Seen on a real node: 25 s of hanging TLS, running after 31 s, no failed attempt."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [TLS_TIMEOUT, TLS_TIMEOUT, TLS_TIMEOUT, RIGHT]
    assert run_pull(registry).result.outcome is Outcome.OK


def test_403_on_head_is_followed_by_one_get_of_the_tag() -> None:
    """Its JSON makes the second line of the message."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [Status(403)]
    registry.script["GET tag"] = [Status(403, body=errors_body("DENIED", "no such luck"))]
    result = run_pull(registry).result
    assert registry.log == ["HEAD 403", "GET tag 403"]
    assert result.error_text == (
        f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '
        f"unexpected status from HEAD request to {URL}/v2/app/manifests/v1{NS}: 403 Forbidden\n"
        "denied: no such luck"
    )


def test_head_not_allowed_is_asked_by_get() -> None:
    """A registry without HEAD for manifests can be pulled from."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [Status(405)]
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[:2] == ["HEAD 405", "GET tag 200"]


@pytest.mark.parametrize("missing", ["docker-content-digest", "content-length"])
def test_a_head_without_digest_or_length_costs_one_get(missing: str) -> None:
    """The tag is fetched to find out."""
    registry = ScriptedRegistry()
    registry.script["HEAD"] = [Served(drop_headers=(missing,))]
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[:3] == ["HEAD 200", "GET tag 200", "manifest 200"]


def test_a_token_that_ends_between_layers_is_replaced_once() -> None:
    """401 with error= drops the token: layer 401, token, layer; nothing fails."""
    registry = ScriptedRegistry(auth="bearer")
    registry.script["layer0"] = [refused("invalid_token"), RIGHT]
    assert run_pull(registry, credentials=USER).result.outcome is Outcome.OK
    assert registry.log[-3:] == ["layer0 401", "POST token 200", "layer0 200"]


def test_without_error_the_old_token_is_sent_until_the_attempts_run_out() -> None:
    """Five times the same token, no new one asked for."""
    registry = ScriptedRegistry(auth="bearer")
    registry.script["layer0"] = [refused()]
    result = run_pull(registry, credentials=USER).result
    assert registry.log[-5:] == ["layer0 401"] * 5
    assert registry.tokens == 2
    assert result.cause is Cause.AUTH
    assert result.error_text.endswith("401 Unauthorized")


def test_layers_side_by_side_share_a_token_that_is_on_its_way() -> None:
    """A fourth layer that starts while a token is fetched waits for it."""
    registry = ScriptedRegistry(auth="bearer", layers=4)
    registry.seconds["POST token"] = 5.0
    registry.script["layer0"] = [refused("invalid_token"), RIGHT]
    registry.seconds["layer1"] = 0.5
    assert run_pull(registry, credentials=USER).result.outcome is Outcome.OK
    assert registry.tokens == 3


def test_a_cut_layer_goes_on_where_it_stopped() -> None:
    """Each request brings bytes, so there is no limit to the cuts and no failure."""
    registry = ScriptedRegistry()
    cuts: list[Answer] = [Served(keep_bytes=100, ending=Ending.CUT)] * 9
    registry.script["layer0"] = [*cuts, RIGHT]
    result = run_pull(registry).result
    assert result.outcome is Outcome.OK
    ranges = [request.headers.get("Range") for request in registry.requests[3:]]
    assert ranges == [None] + [f"bytes={offset}-" for offset in range(100, 1000, 100)]
    assert result.blob_bytes == 1000 + len(registry.content[registry.config][2])


def test_a_cut_without_progress_is_tried_three_times_more() -> None:
    """1 + 3 requests, then what arrived is too short."""
    registry = ScriptedRegistry()
    cut = Served(keep_bytes=0, ending=Ending.CUT)
    registry.script["layer0"] = [Served(keep_bytes=300, ending=Ending.CUT), cut]
    result = run_pull(registry).result
    assert registry.log[3:] == ["layer0 200", "layer0 206", "layer0 206", "layer0 206"]
    assert result.error_text == (
        f'failed to pull and unpack image "{IMAGE}": '
        "short read: expected 1000 bytes but got 300: unexpected EOF"
    )
    assert result.cause is Cause.TCP


def test_a_range_that_is_ignored_repeats_the_beginning() -> None:
    """The 200 is skipped up to where the first answer stopped."""
    registry = ScriptedRegistry()
    registry.script["layer0"] = [
        Served(keep_bytes=300, ending=Ending.CUT),
        Served(ignore_range=True),
    ]
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[3:] == ["layer0 200", "layer0 200"]


@pytest.mark.parametrize("ignored", [False, True])
def test_a_cut_manifest_goes_on_too(*, ignored: bool) -> None:
    """Manifests are fetched as blobs are, also from a registry without ranges."""
    registry = ScriptedRegistry()
    registry.script["manifest"] = [
        Served(keep_bytes=20, ending=Ending.CUT),
        Served(ignore_range=ignored),
    ]
    assert run_pull(registry).result.outcome is Outcome.OK
    assert registry.log[1:3] == ["manifest 200", "manifest 200" if ignored else "manifest 206"]


def test_a_redirect_is_followed_without_the_credentials() -> None:
    """307 to another host: no Authorization there; the same host would get it."""
    registry = ScriptedRegistry(auth="bearer")
    storage = f"http://storage.harness.test:6000/blobs/{registry.layers[0]}"
    registry.script["layer0"] = [Status(307, {"location": storage})]
    assert run_pull(registry, credentials=USER).result.outcome is Outcome.OK
    last = registry.requests[-1]
    assert last.url == storage
    assert "Authorization" not in last.headers
    assert "Authorization" in registry.requests[-2].headers


def test_redirects_stop_after_ten() -> None:
    """A loop of redirects ends in an error that names it."""
    registry = ScriptedRegistry()
    registry.script["layer0"] = [Status(307, {"location": "?again=1"})]
    result = run_pull(registry).result
    assert registry.log.count("layer0 307") == 10
    assert result.error_text.endswith(": stopped after 10 redirects")
    assert result.cause is Cause.SERVER


def test_the_first_failing_layer_stops_the_others() -> None:
    """Layers that have not started are never asked for."""
    registry = ScriptedRegistry(layers=9)
    registry.script["layer0"] = [Status(404)]
    for number in range(1, 9):
        registry.seconds[f"layer{number}"] = 1.0
    assert run_pull(registry).result.outcome is Outcome.FAILED
    assert "layer8 200" not in registry.log


def test_unpacking_takes_its_time_after_the_download() -> None:
    """1,000 bytes at 100 bytes a second."""
    registry = ScriptedRegistry()
    pulled = run_pull(registry, settings=NodeSettings(unpack_bytes_per_s=100.0))
    assert pulled.took_s == pytest.approx(10.04)


_ANSWERS = st.sampled_from(
    [
        RIGHT,
        Status(200, {"content-type": "text/html"}, b"<html>"),
        Status(204),
        Status(301, {"location": "/v2/app/elsewhere"}),
        Status(307, {"location": "http://storage.harness.test/x"}),
        Status(307),
        Status(400),
        refused(),
        refused("invalid_token"),
        Status(401, {"www-authenticate": 'Basic realm="r"'}),
        Status(401, {"www-authenticate": "Bearer"}),
        Status(401, {"www-authenticate": "Digest x"}),
        Status(403),
        Status(404),
        Status(405),
        TOO_MANY,
        Status(500),
        Status(502),
        Status(599, body=b"\xff"),
        REFUSED,
        RESET,
        EOF,
        TLS_TIMEOUT,
        pulls.HEADER_TIMEOUT,
        pulls.DNS_TIMEOUT,
        Served(keep_bytes=0, ending=Ending.CUT),
        Served(keep_bytes=7, ending=Ending.CUT),
        Served(keep_bytes=7, ending=Ending.RESET),
        Served(keep_bytes=7, ending=Ending.STALLED),
        Served(keep_bytes=7),
        Served(content=b"[]"),
        Served(content=b""),
        Served(ignore_range=True),
        Served(drop_headers=("docker-content-digest", "content-length", "content-type")),
    ]
)
_LABELS = ["HEAD", "GET tag", "manifest", "config", "layer0", "layer1", "POST token", "other"]


@settings(max_examples=300)
@given(
    script=st.dictionaries(
        st.sampled_from(_LABELS), st.lists(_ANSWERS, min_size=1, max_size=6), max_size=4
    ),
    auth=st.sampled_from(["none", "bearer", "basic"]),
    secret=st.booleans(),
)
def test_whatever_is_answered_a_pull_ends(
    *, script: dict[str, list[Answer]], auth: str, secret: bool
) -> None:
    """With a result, a known text, a bounded number of requests and no half-kept content."""
    registry = ScriptedRegistry(layers=2, auth=auth, layer_bytes=40)
    registry.script = {label: list(answers) for label, answers in script.items()}
    content = ContentStore()
    result = run_pull(registry, credentials=USER if secret else None, content=content).result
    assert len(registry.log) <= 600
    if result.outcome is Outcome.OK:
        assert all(layer in content for layer in registry.layers)
    else:
        assert len(content) == 0
        assert "failed to pull and unpack image" in result.error_text


def test_a_full_disk_fails_what_finds_no_room() -> None:
    """The documents fit, the layer does not; all the room is there again for the next attempt."""
    registry, content = ScriptedRegistry(layer_bytes=50_000), ContentStore()
    content.free_bytes = 10_000
    result = run_pull(registry, content=content).result
    assert (result.outcome, result.cause) == (Outcome.FAILED, Cause.QUOTA)
    assert re.search(
        r"failed to copy: write /var/lib/containerd/io\.containerd\.content\.v1\.content/ingest/"
        r"[0-9a-f]{64}/data: no space left on device$",
        result.error_text,
    )
    assert registry.log == PLAIN
    assert 0 < (registry.requests[-1].room_bytes or 0) < 10_000
    assert (len(content), content.free_bytes, content.without_room) == (0, 10_000, 1)


def test_a_disk_with_just_enough_room_takes_the_image() -> None:
    """And gives it back when the image is removed."""
    registry, content = ScriptedRegistry(layers=3), ContentStore()
    content.free_bytes = sum(len(body) for _, _, body in registry.content.values())
    enough = content.free_bytes
    assert run_pull(registry, content=content).result.outcome is Outcome.OK
    assert (content.free_bytes, content.without_room) == (0, 0)
    content.remove(IMAGE)
    assert (len(content), content.free_bytes) == (0, enough)
