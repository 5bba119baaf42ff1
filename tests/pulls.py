"""A registry that is a script, and pulls against it in virtual time."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.node.commands import (
    Credentials,
    Ending,
    Failing,
    PullResult,
    Reply,
    Request,
    TransportFailure,
)
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.settings import NodeSettings
from harness.oci.digest import digest_of
from harness.oci.media_types import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
)
from tests.virtual_nodes import Clock, Slots, Task

URL = "http://registry.harness.test:5000"
IMAGE = "registry.harness.test/app:v1"
NS = "?ns=registry.harness.test"
USER = Credentials(username="puller", password="secret")
CHALLENGE = f'Bearer realm="{URL}/token",service="registry",scope="repository:app:pull"'


@dataclass(frozen=True)
class Status:
    """An answer with nothing but a status, headers and a body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Served:
    """The right answer, spoilt: bytes kept of this body, how it ends, other content."""

    keep_bytes: int | None = None
    ending: Ending = Ending.WHOLE
    content: bytes | None = None
    ignore_range: bool = False
    drop_headers: tuple[str, ...] = ()


Answer = Status | Served | TransportFailure

RIGHT = Served()
REFUSED = TransportFailure(
    failing=Failing.DIAL_REFUSED, detail="dial tcp 127.0.0.1:5000: connect: connection refused"
)
RESET = TransportFailure(
    failing=Failing.RESET,
    detail="read tcp 127.0.0.1:40000->127.0.0.1:5000: read: connection reset by peer",
)
EOF = TransportFailure(failing=Failing.EOF, detail="EOF")
HEADER_TIMEOUT = TransportFailure(
    failing=Failing.HEADER_TIMEOUT, detail="net/http: timeout awaiting response headers"
)
DIAL_TIMEOUT = TransportFailure(
    failing=Failing.DIAL_TIMEOUT, detail="dial tcp 127.0.0.1:5000: i/o timeout"
)
TLS_TIMEOUT = TransportFailure(
    failing=Failing.TLS_TIMEOUT, detail="net/http: TLS handshake timeout"
)
NXDOMAIN = TransportFailure(
    failing=Failing.DNS_NOT_FOUND,
    detail="dial tcp: lookup registry.harness.test on 127.0.0.1:53: no such host",
)
DNS_TIMEOUT = TransportFailure(
    failing=Failing.DNS_TIMEOUT,
    detail="dial tcp: lookup registry.harness.test on 127.0.0.1:53: "
    "read udp 127.0.0.1:4->127.0.0.1:53: i/o timeout",
)


def errors_body(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def refused(error: str = "") -> Status:
    """A 401 with a Bearer challenge."""
    header = CHALLENGE + (f',error="{error}"' if error else "")
    return Status(401, {"www-authenticate": header})


class ScriptedRegistry:
    """Serves one image; `script[label]` holds the answers that come first, the last for ever.

    Labels: `HEAD`, `GET tag`, `index`, `manifest`, `config`, `layer0`…, `POST token`,
    `GET token`, `other`. `log` holds `label status`.
    """

    def __init__(
        self, *, layers: int = 1, auth: str = "none", index: bool = False, layer_bytes: int = 1000
    ) -> None:
        self.auth = auth
        self.script: dict[str, list[Answer]] = {}
        self.log: list[str] = []
        self.requests: list[Request] = []
        self.seconds: dict[str, float] = defaultdict(lambda: 0.01)
        self.tokens = 0
        self.revoked: set[str] = set()
        self._sinks: dict[str, bytes] = {}
        self.content: dict[str, tuple[str, str, bytes]] = {}
        config = self._add("config", OCI_CONFIG, b'{"architecture":"amd64","os":"linux"}')
        bodies = [bytes([65 + number]) * layer_bytes for number in range(layers)]
        blobs = [self._add(f"layer{n}", OCI_LAYER_GZIP, body) for n, body in enumerate(bodies)]
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config}
        self.layers = [str(blob["digest"]) for blob in blobs]
        self.config = str(config["digest"])
        self.top = self.add_manifest("manifest", OCI_MANIFEST, {**document, "layers": blobs})
        if index:
            entry = {**self.top, "platform": {"os": "linux", "architecture": "amd64"}}
            arm = {**config, "platform": {"os": "linux", "architecture": "arm64"}}
            self.top = self.add_manifest("index", OCI_INDEX, {"manifests": [arm, entry]})

    def add_manifest(
        self, label: str, media_type: str, document: Mapping[str, Any]
    ) -> dict[str, Any]:
        return self._add(label, media_type, json.dumps(document).encode())

    def _add(self, label: str, media_type: str, body: bytes) -> dict[str, Any]:
        digest = digest_of(body)
        self.content[digest] = (label, media_type, body)
        return {"digest": digest, "mediaType": media_type, "size": len(body)}

    def __call__(self, request: Request, now_s: float) -> tuple[float, Reply | TransportFailure]:
        label = self._label(request)
        script = self.script.get(label)
        answer = (script.pop(0) if len(script) > 1 else script[0]) if script else RIGHT
        reply = self._reply(request, label, answer)
        self.requests.append(request)
        said = reply.status if isinstance(reply, Reply) else reply.failing.value
        self.log.append(f"{label} {said}")
        return self.seconds[label], reply

    def _label(self, request: Request) -> str:
        parts = urlsplit(request.url)
        if parts.path == "/token":
            return f"{request.method} token"
        if parts.netloc != urlsplit(URL).netloc:
            return "other"
        reference = parts.path.rpartition("/")[2]
        if request.method == "HEAD":
            return "HEAD"
        return self.content[reference][0] if reference in self.content else "GET tag"

    def _reply(self, request: Request, label: str, answer: Answer) -> Reply | TransportFailure:
        if isinstance(answer, TransportFailure):
            return answer
        if isinstance(answer, Status):
            return Reply(
                status=answer.status,
                headers=answer.headers,
                body=b"" if request.method == "HEAD" else answer.body,
            )
        if label.endswith("token"):
            self.tokens += 1
            return Reply(
                status=200,
                headers={},
                body=json.dumps({"access_token": f"t{self.tokens}"}).encode(),
            )
        challenge = self._challenge(request)
        if challenge:
            return Reply(status=401, headers={"www-authenticate": challenge})
        return self._content(request, answer)

    def _challenge(self, request: Request) -> str:
        given = request.headers.get("Authorization", "")
        if self.auth == "none" or urlsplit(request.url).netloc != urlsplit(URL).netloc:
            return ""
        if self.auth == "basic":
            return "" if given == "Basic cHVsbGVyOnNlY3JldA==" else 'Basic realm="registry"'
        return "" if given.startswith("Bearer t") and given not in self.revoked else CHALLENGE

    def _content(self, request: Request, served: Served) -> Reply:
        reference = urlsplit(request.url).path.rpartition("/")[2]
        digest = reference if reference in self.content else str(self.top["digest"])
        _, media_type, content = self.content[digest]
        content = content if served.content is None else served.content
        headers = {
            "content-type": media_type,
            "docker-content-digest": digest,
            "content-length": str(len(content)),
        }
        headers = {name: text for name, text in headers.items() if name not in served.drop_headers}
        start = 0
        if "Range" in request.headers and not served.ignore_range:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            assert start == request.range_from
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if request.method == "HEAD":
            return Reply(status=200, headers=headers)
        body = content[start:][: served.keep_bytes]
        detail = RESET.detail if served.ending is Ending.RESET else "unexpected EOF"
        reply = Reply(
            status=206 if start else 200,
            headers=headers,
            body_bytes=len(body),
            ending=served.ending,
            detail="" if served.ending is Ending.WHOLE else detail,
        )
        if not request.sink:
            return replace(reply, body=body)
        skipped = 0 if start else request.range_from
        before = self._sinks.get(request.sink, b"") if request.range_from else b""
        self._sinks[request.sink] = before + body[skipped:]
        whole = self._sinks[request.sink]
        return replace(reply, content_bytes=len(whole), content_digest=digest_of(whole))


@dataclass
class Pulled:
    result: PullResult
    took_s: float


def run_pull(
    registry: Callable[[Request, float], tuple[float, Reply | TransportFailure]],
    *,
    credentials: Credentials | None = None,
    content: ContentStore | None = None,
    settings: NodeSettings | None = None,
    image: str = IMAGE,
    url: str = URL,
    mirrors: tuple[str, ...] = (),
) -> Pulled:
    """One pull from start to end."""
    clock = Clock()
    settings = settings or NodeSettings()
    results: list[PullResult] = []
    rule = pull(
        image,
        registry_url=url,
        credentials=credentials,
        content=content if content is not None else ContentStore(),
        settings=settings,
        mirrors=mirrors,
    )
    slots = Slots(limit=settings.max_concurrent_downloads)
    Task(rule, clock=clock, respond=registry, slots=slots, done=results.append).step()
    clock.run()
    assert slots.taken == 0
    assert not slots.waiting
    (result,) = results
    return Pulled(result=result, took_s=clock.now_s)


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)
