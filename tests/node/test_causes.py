"""Any error text of a kubelet or containerd, and the one word for why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.node.causes import cause_of_answer, cause_of_failing, cause_of_status, classify
from harness.node.commands import Failing
from harness.oci.errors import ErrorCode, error_body
from harness.recording.outcome import Cause
from harness.seams import RequestKind

R = "docker.io/library/nginx:1"
U = "https://registry.harness.test/v2/app/manifests/v1"
RESOLVE = f'failed to pull and unpack image "{R}": failed to resolve reference "{R}": '
OPEN = f'failed to pull and unpack image "{R}": failed to copy: httpReadSeeker: failed open: '
HEAD = f'{RESOLVE}failed to do request: Head "{U}": '

TEXTS = [
    # DNS
    (f"{HEAD}dial tcp: lookup h on 10.96.0.10:53: no such host", Cause.DNS),
    (f"{HEAD}dial tcp: lookup h on 10.96.0.10:53: server misbehaving", Cause.DNS),
    (f"{HEAD}dial tcp: lookup h on 10.96.0.10:53: lame referral", Cause.DNS),
    (f"{HEAD}dial tcp: lookup h on S:53: read udp a:1->S:53: i/o timeout", Cause.DNS),
    (f"rpc error: code = DeadlineExceeded desc = {HEAD}lookup h: i/o timeout", Cause.DNS),
    (f"{HEAD}lookup h on S:53: read udp a->S:53: read: connection refused", Cause.DNS),
    # TCP
    (f"{HEAD}dial tcp 10.0.0.1:5000: connect: connection refused", Cause.TCP),
    (f"{HEAD}read tcp 10.0.0.2:40000->10.0.0.1:443: read: connection reset by peer", Cause.TCP),
    (f"{HEAD}EOF", Cause.TCP),
    ("short read: expected 10 bytes but got 8: unexpected EOF", Cause.TCP),
    ("failed to copy: unexpected EOF", Cause.TCP),
    (f"{HEAD}dial tcp 10.0.0.1:443: connect: no route to host", Cause.TCP),
    (f"{HEAD}write tcp 10.0.0.2:1->10.0.0.1:443: write: broken pipe", Cause.TCP),
    # TLS
    (f"{HEAD}net/http: TLS handshake timeout", Cause.TLS),
    (
        (
            f"{HEAD}tls: failed to verify certificate: x509: certificate has expired or is not yet "
            "valid: current time 2026-11-24T10:00:00Z is after 2026-11-23T10:00:00Z"
        ),
        Cause.TLS,
    ),
    (f"{HEAD}x509: certificate signed by unknown authority", Cause.TLS),
    (f"{HEAD}x509: certificate is valid for a, not b", Cause.TLS),
    (f"{HEAD}http: server gave HTTP response to HTTPS client", Cause.TLS),
    # authentication
    (f"{RESOLVE}unexpected status from HEAD request to {U}: 401 Unauthorized", Cause.AUTH),
    (f"{RESOLVE}unexpected status from HEAD request to {U}: 403 Forbidden", Cause.AUTH),
    (
        (
            f"{RESOLVE}pull access denied, repository does not exist or may require authorization: "
            "authorization failed: no basic auth credentials"
        ),
        Cause.AUTH,
    ),
    (
        (
            f"{RESOLVE}pull access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed"
        ),
        Cause.AUTH,
    ),
    (
        (
            f"{RESOLVE}failed to authorize: failed to fetch oauth token: unexpected status "
            "from GET request to https://auth.harness.test/token?service=r: 401 Unauthorized"
        ),
        Cause.AUTH,
    ),
    (
        (
            f"{RESOLVE}failed to authorize: failed to fetch anonymous token: unexpected status "
            f"from GET request to {U}: 403 Forbidden"
        ),
        Cause.AUTH,
    ),
    (
        "denied: Your authorization token has expired. Reauthenticate and try again.",
        Cause.AUTH,
    ),
    (
        (
            'denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on '
            'resource "projects/p" (or it may not exist)'
        ),
        Cause.AUTH,
    ),
    (f"{RESOLVE}failed to authorize: something new", Cause.AUTH),
    # the token service itself
    (
        (
            f"{RESOLVE}failed to authorize: failed to fetch anonymous token: unexpected status "
            "from GET request to https://auth.docker.io/token?scope=r%3Apull&service=r: "
            "503 Service Unavailable"
        ),
        Cause.AUTH_SERVICE,
    ),
    (
        (
            f"{RESOLVE}failed to authorize: failed to fetch oauth token: unexpected status "
            "from POST request to http://h/token: 503 Service Unavailable"
        ),
        Cause.AUTH_SERVICE,
    ),
    (
        (
            "rpc error: code = DeadlineExceeded desc = failed to authorize: failed to fetch oauth "
            'token: Post "http://h/token": net/http: timeout awaiting response headers'
        ),
        Cause.TIMEOUT,
    ),
    (
        (
            "failed to authorize: failed to fetch oauth token: "
            'Post "http://h/token": dial tcp: lookup h on S:53: no such host'
        ),
        Cause.DNS,
    ),
    # rates and quotas
    (f"{RESOLVE}unexpected status from HEAD request to {U}: 429 Too Many Requests", Cause.RATE),
    (
        (
            f"{OPEN}unexpected status from GET request to {U}: 429 Too Many Requests\n"
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by "
            "authenticating and upgrading: https://www.docker.com/increase-rate-limit"
        ),
        Cause.RATE,
    ),
    (
        (
            f"{OPEN}unexpected status code {U}: 429 Too Many Requests - Server message: "
            "toomanyrequests: Rate exceeded"
        ),
        Cause.RATE,
    ),
    (
        (
            "toomanyrequests: Quota exceeded for quota metric 'requests' and limit 'r' of service "
            "'artifactregistry.googleapis.com' for consumer 'project_number:1'."
        ),
        Cause.RATE,
    ),
    ('Failed to pull image "app": pull QPS exceeded', Cause.RATE),
    (
        (
            f"{OPEN}unexpected status from GET request to {U}: 403 Forbidden\n"
            "denied: Quota exceeded when processing the request of adding 29.0 MiB of storage "
            "resource, which when updated to current usage of 152.4 MiB will exceed the "
            "configured upper limit of 10.0 MiB."
        ),
        Cause.QUOTA,
    ),
    (f"unexpected status from PUT request to {U}: 507 Insufficient Storage", Cause.QUOTA),
    (f"{OPEN}write /var/lib/containerd/x: no space left on device", Cause.QUOTA),
    # content
    (
        (
            'rpc error: code = FailedPrecondition desc = failed commit on ref "layer-sha256:a": '
            "unexpected commit digest sha256:b, expected sha256:a: failed precondition"
        ),
        Cause.DIGEST,
    ),
    (
        (
            'failed commit on ref "manifest-sha256:a": "manifest-sha256:a" failed size validation: '
            "12 != 10: failed precondition"
        ),
        Cause.DIGEST,
    ),
    (
        "children: invalid desc sha256:a: invalid character '<' looking for beginning of value",
        Cause.DIGEST,
    ),
    ('wrong diff id "sha256:a" calculated on extraction "sha256:b"', Cause.DIGEST),
    (
        'failed to extract layer (application/x sha256:a) to overlayfs as "e": unexpected EOF',
        Cause.DIGEST,
    ),
    (
        (
            "unable to fetch descriptor (sha256:a) which reports content size of zero: "
            "invalid argument"
        ),
        Cause.DIGEST,
    ),
    # missing
    (f"rpc error: code = NotFound desc = {RESOLVE}{R}: not found", Cause.MISSING),
    (f"{OPEN}content at {U} not found: not found", Cause.MISSING),
    (
        (
            f"{OPEN}could not fetch content descriptor sha256:a (application/x) from remote: "
            "not found"
        ),
        Cause.MISSING,
    ),
    ("no match for platform in manifest: not found", Cause.MISSING),
    ('Container image "app" is not present with pull policy of Never', Cause.MISSING),
    (f"rejecting 9999999 byte manifest for {R}: not found", Cause.MISSING),
    # server
    (f"{OPEN}unexpected status from GET request to {U}: 500 Internal Server Error", Cause.SERVER),
    (f"{OPEN}unexpected status from GET request to {U}: 502 Bad Gateway", Cause.SERVER),
    (f"{OPEN}unexpected status from GET request to {U}: 504 Gateway Timeout", Cause.SERVER),
    (f'{OPEN}Get "{U}": stopped after 10 redirects', Cause.SERVER),
    (f"{OPEN}unhandled content range in response: bytes 7-9/10", Cause.SERVER),
    # time
    (
        f"rpc error: code = DeadlineExceeded desc = {HEAD}dial tcp 10.0.0.1:443: i/o timeout",
        Cause.TIMEOUT,
    ),
    (f"{HEAD}net/http: timeout awaiting response headers", Cause.TIMEOUT),
    (
        (
            f'rpc error: code = Canceled desc = failed to pull and unpack image "{R}": '
            "context canceled"
        ),
        Cause.TIMEOUT,
    ),
    ("cancel pulling image app because of no progress in 5m0s", Cause.TIMEOUT),
    # what kubelet wraps around them
    (
        f'Back-off pulling image "nginx:1": ErrImagePull: {RESOLVE}{R}: not found',
        Cause.MISSING,
    ),
    (f'Failed to pull image "nginx:1": {HEAD}EOF', Cause.TCP),
    ('Back-off pulling image "nginx:1"', Cause.UNKNOWN),
    ("", Cause.NONE),
    ("something nobody has seen", Cause.UNKNOWN),
]


@pytest.mark.parametrize(("text", "cause"), TEXTS)
def test_every_text_has_its_cause(text: str, cause: Cause) -> None:
    """The texts of a real node, and those it wraps them in."""
    assert classify(text) is cause


@pytest.mark.parametrize(
    "name", ["tls: EOF", "no such host", "429 Too Many Requests", "not found", "x509: "]
)
def test_names_that_people_chose_say_nothing(name: str) -> None:
    """Quoted names and URLs are not searched for causes."""
    text = f'failed to pull "{name}": failed to do request: Head "http://h/{name}": EOF'
    assert classify(text) is Cause.TCP
    assert classify(f'Back-off pulling image "{name}"') is Cause.UNKNOWN


@given(st.text())
def test_any_text_has_one_cause(text: str) -> None:
    """Nothing a registry can put into a message breaks it."""
    assert classify(text) in Cause


def test_every_failing_has_a_cause() -> None:
    """A new word for a failure needs its cause."""
    for failing in Failing:
        assert cause_of_failing(failing) is not Cause.NONE


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (0, Cause.NONE),
        (200, Cause.NONE),
        (307, Cause.NONE),
        (400, Cause.UNKNOWN),
        (401, Cause.AUTH),
        (403, Cause.AUTH),
        (404, Cause.MISSING),
        (408, Cause.TIMEOUT),
        (429, Cause.RATE),
        (500, Cause.SERVER),
        (507, Cause.QUOTA),
    ],
)
def test_statuses(status: int, cause: Cause) -> None:
    """One request's own cause, from its status."""
    assert cause_of_status(status, RequestKind.BLOB) is cause


@pytest.mark.parametrize(
    ("status", "message", "cause"),
    [
        (403, "Quota exceeded when processing the request", Cause.QUOTA),  # Harbor's storage
        (403, "requested access to the resource is denied", Cause.AUTH),
        (429, "Quota exceeded for quota metric 'Requests'", Cause.RATE),  # Google's rate limit
        (500, "unknown error", Cause.SERVER),
    ],
)
def test_a_registry_that_is_full_says_so_in_its_body(
    status: int, message: str, cause: Cause
) -> None:
    body = error_body(ErrorCode.DENIED, message)
    assert cause_of_answer(status, body, RequestKind.UPLOAD) is cause


@pytest.mark.parametrize(
    ("status", "cause"), [(503, Cause.AUTH_SERVICE), (401, Cause.AUTH), (429, Cause.RATE)]
)
def test_a_token_service_that_is_down_refuses_nobody(status: int, cause: Cause) -> None:
    """Its 5xx is its own, not the registry's; whom it refuses is refused."""
    assert cause_of_status(status, RequestKind.TOKEN) is cause
