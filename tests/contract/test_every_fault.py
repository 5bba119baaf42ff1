"""What holds for every fault: it says what it is, touches its seams only, bites, and heals."""

import asyncio
import hashlib
import inspect
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self, get_args

import httpx
import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from harness.chance import Chance
from harness.environment.lab import Lab, open_lab
from harness.environment.lab_settings import LabSettings
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.environment.upstream.access import UpstreamSettings
from harness.faults import Fault, catalogue
from harness.faults._fault import Area
from harness.load.orders import REGISTRY_NAME
from harness.oci.images import ImageSpec, plan_image
from harness.process.child import Run
from harness.process.journal import Journal, pending
from harness.scenario import read_held_fault
from harness.seams import Seam, Where
from tests.distribution import require_distribution
from tests.lab_client import PATIENCE_S, traffic
from tests.registry_server import NOBODY
from tests.stand_ins import RecordingSeams

WORDS = list(catalogue())
LIMIT_S = 30.0
SLOWER_S = 0.5  # a fault that only slows must do so over the traffic's dozen requests
# What a client does not notice that reads answers by their length; the seam counts it all the same.
UNNOTICED = {"slow_close"}
# Those under which a client waits, and how long it shall here.
SILENT = {"firewall_drop": 0.2, "partition": 0.2, "registry_pause": 0.2, "tls_timeout": 0.5}
# Other settings that lead to another seam.
VARIANTS = {
    "corrupted_blob at rest": "corrupted_blob: {on: rest}",
    "truncated_blob at rest": "truncated_blob: {on: rest}",
    "expired_credentials of the secret": "expired_credentials: {mode: secret}",
    "server_errors of a proxy": "server_errors: {status: 502, share: 50%}",
    "scan_gate of others": "scan_gate: {status: 403}",
    "pull_rate_limit without a header": "pull_rate_limit: {limit: 1, window: 60s}",
    "missing_blob on the wire": "missing_blob: {on: wire}",
    "corrupted_manifest at rest": "corrupted_manifest: {on: rest}",
    "wrong_digest_header that is malformed": "wrong_digest_header: {says: malformed}",
    "missing_tag on the wire": "missing_tag: {on: wire}",
    "moved_tag on the wire": "moved_tag: {on: wire, to: newer}",
    "moved_tag to another": "moved_tag: {on: rest, to: another}",
    "wrong_platform on the wire": "wrong_platform: {on: wire}",
    "not_a_manifest on the wire": "not_a_manifest: {on: wire, content: json}",
    "not_a_manifest that is empty": "not_a_manifest: {on: rest, content: empty}",
    "wrong_platform by its manifest": "wrong_platform: {on: rest, tag: manifest}",
    "missing_repository on the wire": "missing_repository: {on: wire}",
    "missing_repository denied": "missing_repository: {on: wire, answer: denied}",
    "name_conflict of nodes": "name_conflict: {per: node, share: 100%}",
    "over_eager_cleanup of tags": "over_eager_cleanup: {deletes: tags}",
    "token_service_down without a connection": "token_service_down: {how: refused}",
    "token_service_down that hangs": "token_service_down: {how: hangs}",
    "redirect_to_dead_storage that hangs": "redirect_to_dead_storage: {how: hangs}",
    "tls_timeout that drops": "tls_timeout: {then: dropped}",
    "storage_quota that hangs": "storage_quota: {how: hangs}",
    "wrong_token_realm of another host": "wrong_token_realm: {wrong: host}",
    "clock_skew ahead": "clock_skew: {registry: ahead, by: 10m}",
    "egress_quota that slows": "egress_quota: {limit: 1B, rate: 1MB/s}",
    "connection_limit by status": "connection_limit: {limit: 0, per: all, answer: '503'}",
    **{word: f"{word}: {fault.example}" for word, fault in catalogue().items()},
    "connection_limit": "connection_limit: {limit: 0}",  # this client has one at a time
}

# Those that change nodes need nodes: test_every_node_fault.py holds them to the same.
NOT_OF_NODES = {
    name: text
    for name, text in VARIANTS.items()
    if Seam.CLUSTER not in read_held_fault(text, nodes=2).fault.seams_needed()
}
HANDSHAKES = [word for word in WORDS if catalogue()[word].area == "TLS"]
PLAIN = {
    name: text for name, text in NOT_OF_NODES.items() if text.partition(":")[0] not in HANDSHAKES
}
# What ends connections, changes bodies or writes addresses must do so over TLS as well.
ALSO_OVER_TLS = ["connection_reset", "truncated_blob", "corrupted_blob", "expired_credentials"]
OF_THE_GATEWAY = {
    name: text
    for name, text in VARIANTS.items()
    if read_held_fault(text, nodes=2).fault.seams_needed() == {Seam.GATEWAY}
}


def example(word: str) -> Fault:
    return read_held_fault(f"{word}: {catalogue()[word].example}", nodes=2).fault


@pytest.mark.parametrize("word", WORDS)
def test_it_says_what_goes_wrong_and_what_a_node_sees(word: str) -> None:
    """A headline, the wire, and `Seen as`; an area; no more `where` than its area has."""
    fault = catalogue()[word]
    told = inspect.cleandoc(fault.__doc__ or "")
    headline, blank, *rest = told.splitlines()
    assert headline.endswith((".", ":", "`rate`."))
    assert not blank
    assert any(line.startswith("Seen as: ") for line in rest)
    assert fault.area in get_args(Area)
    assert example(word).where_allowed() <= fault.where_keys


@pytest.mark.parametrize("text", VARIANTS.values(), ids=list(VARIANTS))
def test_it_touches_exactly_the_seams_that_it_needs(text: str) -> None:
    """So that a plan can refuse an environment without them."""
    fault = read_held_fault(text, nodes=2).fault
    recording = RecordingSeams()

    async def main() -> None:
        async with fault.inject(recording.seams()):
            assert recording.living == len(recording.asked)

    asyncio.run(main())
    assert {Seam(seam) for seam, *_ in recording.asked} == fault.seams_needed()
    assert (recording.living, recording.healed) == (0, len(recording.asked))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("ending", ["error", "cancel", "cancel during set-up"])
def test_it_heals_whatever_ends_it(word: str, ending: str) -> None:
    """And lets the ending through."""
    recording = RecordingSeams(stuck=ending == "cancel during set-up")

    async def holding() -> None:
        async with example(word).inject(recording.seams()):
            if ending == "error":
                raise LookupError("mine")
            await asyncio.Event().wait()

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(holding())
            await asyncio.wait_for(recording.begun.wait(), LIMIT_S)
            task.cancel()

    if ending == "error":
        with pytest.raises(LookupError, match="mine"):
            asyncio.run(holding())
    else:
        asyncio.run(main())
    assert recording.asked
    assert (recording.living, recording.healed) == (0, len(recording.asked))


@pytest.mark.parametrize("word", WORDS)
def test_it_refuses_what_cannot_be(word: str) -> None:
    """No share, too much of one, unknown keys, and settings without their unit."""
    given: dict[str, Any] = YAML(typ="safe", pure=True).load(catalogue()[word].example)
    wrong: list[tuple[str, Any]] = [("share", 0), ("share", 1.5), ("share", "-1%"), ("zzz", 1)]
    unitless: tuple[Any, ...] = (-1, "-1s", "1", [])
    for name, field in catalogue()[word].model_fields.items():
        if name.endswith(("_s", "_bytes", "_per_s")):
            wrong += [(field.alias or name, value) for value in unitless]
    for key, value in wrong:
        with pytest.raises(ValidationError):
            catalogue()[word].model_validate({**given, key: value})


class RealLab:
    """An environment in a thread of its own, shared by all that follows."""

    def __init__(
        self, folder: Path, upstream: UpstreamSettings | None = None, *, tls: bool = False
    ) -> None:
        self._folder = folder
        self._upstream = upstream
        self._tls = tls
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.lab: Lab
        self.loop: asyncio.AbstractEventLoop
        self.healthy: list[str]
        self.healthy_s: float
        self.clients = 0

    @property
    def reference(self) -> str:
        return f"{REGISTRY_NAME}/app:v1"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LIMIT_S)
        begun = time.monotonic()
        self.healthy = self.run(traffic(self.lab, "node-0", self.reference))
        self.healthy_s = time.monotonic() - begun
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        assert pending(self._folder / "journal.jsonl") == []

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(LIMIT_S)

    async def _main(self) -> None:
        specs = tuple(
            ImageSpec(name="app", version=version, size_bytes=size_bytes, layers=2, seed=1)
            for version, size_bytes in ((1, 3 << 19), (2, 1 << 15))
        )
        settings = LabSettings(
            seed=1,
            nodes=("node-0", "node-1"),
            images=specs,
            images_bytes=sum(plan_image(spec).stored_bytes for spec in specs),
            link="embedded",
            registry=RegistrySettings(tls=self._tls),
            password="not a secret",
            cache_folder=self._folder / "cache",
            upstream=self._upstream,
            open_link_control=True,
        )
        with closing(Journal(self._folder / "journal.jsonl")) as journal:
            run = Run(
                run_id="contract",
                folder=self._folder,
                journal=journal,
                clock_start_s=time.monotonic(),
            )
            async with open_lab(run, settings, lambda _: None) as self.lab:
                self.loop = asyncio.get_running_loop()
                self._ready.set()
                await self._stop.wait()

    async def toxics(self) -> dict[str, tuple[bool, list[Any]]]:
        """Of each proxy: whether it is up, and its toxics."""
        assert self.lab.link is not None
        async with httpx.AsyncClient(trust_env=False, verify=NOBODY) as client:
            answer = await client.get(f"{self.lab.link.control_url}/proxies")
        return {name: (it["enabled"], it["toxics"]) for name, it in answer.json().items()}

    def stored(self) -> list[str]:
        """Digests of all blobs that are not what their name says."""
        blobs = (self.lab.registry.root / "blobs" / "sha256").rglob("*")
        return [
            path.name
            for path in blobs
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != path.name
        ]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLab]:
    with RealLab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def real_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLab]:
    with RealLab(tmp_path_factory.mktemp("tls"), tls=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def over_distribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLab]:
    upstream = UpstreamSettings(provider="distribution", program=require_distribution())
    with RealLab(tmp_path_factory.mktemp("lab"), upstream) as lab:
        yield lab


@pytest.mark.parametrize("text", PLAIN.values(), ids=list(PLAIN))
def test_for_real_it_bites_and_heals_without_a_trace(real: RealLab, text: str) -> None:
    """A client meets it and its seam counts it; then all is as it was before."""
    require_it_bites_and_heals(real, text)


@pytest.mark.parametrize("word", HANDSHAKES + ALSO_OVER_TLS)
def test_over_tls_it_bites_and_heals_without_a_trace(real_tls: RealLab, word: str) -> None:
    """The same with a gateway that speaks TLS."""
    require_it_bites_and_heals(real_tls, f"{word}: {catalogue()[word].example}")


@pytest.mark.distribution
@pytest.mark.parametrize("text", OF_THE_GATEWAY.values(), ids=list(OF_THE_GATEWAY))
def test_over_a_real_registry_every_gateway_fault_is_the_same(
    over_distribution: RealLab, text: str
) -> None:
    """It stands behind the same gateway."""
    require_it_bites_and_heals(over_distribution, text)


def require_it_bites_and_heals(real: RealLab, text: str) -> None:
    fault = read_held_fault(text, nodes=2).fault
    scope = FaultScope(
        fault=f"{fault.word}-{list(VARIANTS.values()).index(text)}",
        where=Where(nodes=("node-0",)) if "nodes" in fault.where_allowed() else Where(),
        chance=Chance(1, text),
        deadline_s=time.monotonic() + 60,
    )

    async def bitten() -> tuple[list[str], list[str], float, int | None]:
        scoped = real.lab.scoped(fault.seams_needed(), scope)
        async with fault.inject(scoped.seams):
            begun = time.monotonic()
            patience_s = 0.5 if "how: hangs" in text else SILENT.get(fault.word, PATIENCE_S)
            met = await traffic(real.lab, "node-0", real.reference, patience_s)
            took_s = time.monotonic() - begun
            patience_s = PATIENCE_S if scope.where.nodes else patience_s
            other = await traffic(real.lab, "node-1", real.reference, patience_s)
        return met, other, took_s, (await scoped.bites()).count

    met, other, took_s, bites = real.run(bitten())
    noticed = met != real.healthy or took_s > real.healthy_s + SLOWER_S
    assert noticed or fault.word in UNNOTICED
    assert bites is None or bites > 0
    if scope.where.nodes:
        assert other == real.healthy
    assert real.run(traffic(real.lab, "node-0", real.reference)) == real.healthy
    assert all(state == (True, []) for state in real.run(real.toxics()).values())
    assert real.stored() == []
