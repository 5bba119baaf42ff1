"""The registry's service: a real process, its seams, and how it ends."""

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import psutil
import pytest

from harness.chance import Chance
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.environment.store import in_thread
from harness.oci.digest import digest_of
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.process.child import ChildError, Run
from harness.process.journal import pending
from harness.registry.tokens import Account
from harness.seams import Delay, RequestKind, Respond, Where
from tests.registry_server import NOBODY, eventually

NODES = ("n0", "n1", "clients")
SPEC = ImageSpec(name="app", size_bytes=300_000, layers=3)
BUSY = Respond(status=503)


@asynccontextmanager
async def opened(run: Run, **settings: Any) -> AsyncIterator[RegistryService]:
    account = Account(username="robot", password="s3cret-pass")
    chosen = RegistrySettings(**({"auth": "none"} | settings))
    async with open_registry(run, chosen, RegistryPlace(nodes=NODES), account=account) as service:
        yield service


async def filled(service: RegistryService, spec: ImageSpec = SPEC) -> BuiltImage:
    image = await asyncio.to_thread(build, spec, DirectorySink(service.root))
    await service.add_image(image, "team/app", "v1")
    return image


def client(service: RegistryService, node: str = "n0") -> httpx.AsyncClient:
    url = f"http://127.0.0.1:{service.ports[node]}"
    return httpx.AsyncClient(base_url=url, timeout=20, trust_env=False, verify=NOBODY)


def scope(where: Where | None = None, *, lasts_s: float = 60, fault: str = "f-1") -> FaultScope:
    return FaultScope(
        fault=fault,
        where=where or Where(),
        chance=Chance(7, fault),
        deadline_s=time.monotonic() + lasts_s,
    )


def test_image_is_pulled_through_every_port(run: Run) -> None:
    """Each node has its port, an index brings its manifests, and all digests are right."""
    spec = ImageSpec(
        name="app",
        size_bytes=300_000,
        layers=2,
        platforms=(("linux", "amd64"), ("linux", "arm64")),
    )

    async def main() -> None:
        async with opened(run) as service:
            image = await filled(service, spec)
            assert set(service.ports) == set(NODES)
            for node in NODES:
                async with client(service, node) as node_client:
                    top = await node_client.get("/v2/team/app/manifests/v1")
                    assert top.headers["docker-content-digest"] == image.digest
                    for manifest in image.manifests:
                        path = f"/v2/team/app/manifests/{manifest.digest}"
                        content = (await node_client.get(path)).content
                        assert digest_of(content) == manifest.digest
                    for digest in image.blob_digests:
                        content = (await node_client.get(f"/v2/team/app/blobs/{digest}")).content
                        assert digest_of(content) == digest
            async with httpx.AsyncClient(base_url=service.direct_url, trust_env=False) as direct:
                assert (await direct.get("/v2/team/app/tags/list")).json()["tags"] == ["v1"]

    asyncio.run(main())
    lines = (run.folder / "logs" / "access.jsonl").read_text().splitlines()
    nodes = {json.loads(line)["node"] for line in lines}
    assert nodes == {*NODES, ""}
    assert not (run.folder / "registry").exists()
    assert (run.folder / "logs" / "registry.log").read_text() == ""


def test_rule_lives_as_long_as_its_block(run: Run) -> None:
    """It heals on leaving, on an error and when cancelled; its bites are known afterwards."""

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            seam = service.gateway(scope(Where(repository="team/*", nodes=("n0",))))

            async def status() -> int:
                return (await node_client.get("/v2/team/app/tags/list")).status_code

            async with seam.rule(BUSY, kinds=(RequestKind.TAGS,)):
                assert await status() == 503
                assert (await seam.bites()).count == 1
                async with client(service, "n1") as other:
                    assert (await other.get("/v2/team/app/tags/list")).status_code == 404
            assert await status() == 404

            async def fail() -> None:
                async with seam.rule(BUSY, kinds=(RequestKind.TAGS,)):
                    assert await status() == 503
                    raise KeyError

            with pytest.raises(KeyError):
                await fail()
            assert await status() == 404

            async def hold() -> None:
                async with seam.rule(BUSY, kinds=(RequestKind.TAGS,)):
                    await asyncio.sleep(60)

            holding = asyncio.ensure_future(hold())

            async def is_bitten() -> bool:
                return await status() == 503

            await eventually(is_bitten)
            holding.cancel()
            with pytest.raises(asyncio.CancelledError):
                await holding
            assert await status() == 404
            bites = await seam.bites()
            assert bites.count == 3
            assert len(bites.details) == 3

    asyncio.run(main())


def test_where_replaces_the_kinds(run: Run) -> None:
    """A fault's `where` narrows what its rules bite."""

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            image = await filled(service)
            layer = image.platforms[0].layers[1].digest
            where = Where(kinds=(RequestKind.BLOB,), layers=(1,))
            async with service.gateway(scope(where)).rule(BUSY, kinds=(RequestKind.MANIFEST,)):
                assert (await node_client.get("/v2/team/app/manifests/v1")).status_code == 200
                for digest in image.blob_digests:
                    status = (await node_client.get(f"/v2/team/app/blobs/{digest}")).status_code
                    assert status == (503 if digest == layer else 200)

    asyncio.run(main())


def test_deadline_is_kept_without_the_harness(run: Run) -> None:
    """A rule whose block is never left ends by itself, and answers it holds are let go."""

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            seam = service.gateway(scope(lasts_s=0.7))
            async with seam.rule(Delay(first_byte_s=3600), kinds=(RequestKind.PING,)):
                answer = await asyncio.wait_for(node_client.get("/v2/"), 10)
                assert answer.headers["harness-bitten-by"] == "f-1"
                assert "harness-bitten-by" not in (await node_client.get("/v2/")).headers
                assert (await seam.bites()).count == 1

    asyncio.run(main())


def test_bad_control_messages_are_refused(run: Run) -> None:
    """Whatever comes over the control channel is answered or passed over; the registry goes on."""
    messages: list[Any] = [
        {},
        {"do": "fly"},
        {"do": ["add_rule"]},
        {"do": "add_rule"},
        {"do": "add_rule", "rule": 7},
        {"do": "add_rule", "rule": {"rule": "x"}},
        {"do": "remove_rule", "rule": "unknown"},
        {"do": "remove_rule", "rule": {}},
        {"do": "bites", "rules": 7},
        {"do": "add_image", "repository": "app"},
        {"do": "add_image", "repository": "app", "blobs": [], "manifests": []},
        {"do": "set_clock"},
        [],
        "text",
        None,
    ]

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            for message in messages:
                if isinstance(message, dict):
                    fields = dict(message)
                    with pytest.raises(ChildError, match="registry: "):
                        await service.control.ask(fields.pop("do", None), **fields)
                else:
                    await service.child.send(message)
            stdin = service.child.process.stdin
            assert stdin is not None
            stdin.write(b"not json\n\xff\xfe\n")
            await stdin.drain()
            assert (await service.control.ask("count_rule", rule=["x"]))["bites"] == {}
            assert (await node_client.get("/v2/")).status_code == 200

    asyncio.run(main())


def test_content_changed_at_rest_is_served_counted_and_restored(run: Run) -> None:
    """Both changes reach the client, each serving is a bite, and all is as before afterwards."""

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            image = await filled(service)
            digest = image.platforms[0].layers[2].digest
            path = f"/v2/team/app/blobs/{digest}"
            whole = (await node_client.get(path)).content
            seam = service.store(scope(Where(repository="team/app", layers=(2,))))
            async with seam.flipped_bytes(flip_bytes=2):
                answer = await node_client.get(path)
                assert sum(a != b for a, b in zip(answer.content, whole, strict=True)) == 2
                assert answer.headers["harness-bitten-by"] == "f-1"
                other = image.platforms[0].layers[0].digest
                untouched = await node_client.get(f"/v2/team/app/blobs/{other}")
                assert "harness-bitten-by" not in untouched.headers
            assert (await node_client.get(path)).content == whole
            async with seam.cut(keep_share=0.5):
                assert (await node_client.get(path)).content == whole[: len(whole) // 2]
            assert (await node_client.get(path)).content == whole
            assert (await seam.bites()).count == 2
            nothing = service.store(scope(Where(layers=(99,))))
            with pytest.raises(LookupError, match="layers 99"):
                async with nothing.cut(keep_share=0.5):
                    pass

    asyncio.run(main())
    assert pending(run.folder / "journal.jsonl") == []


def test_credentials_guard_the_registry_and_stay_out_of_files(run: Run) -> None:
    """With tokens asked for, the account opens the registry, and no file learns its password."""

    async def main() -> None:
        async with opened(run, auth="token") as service, client(service) as node_client:
            await filled(service)
            path = "/v2/team/app/manifests/v1"
            assert (await node_client.get(path)).status_code == 401
            query = {"scope": "repository:team/app:pull"}
            got = await node_client.get("/token", params=query, auth=("robot", "s3cret-pass"))
            header = {"Authorization": f"Bearer {got.json()['token']}"}
            assert (await node_client.get(path, headers=header)).status_code == 200
            argv = psutil.Process(service.child.pid).cmdline()
            assert "s3cret-pass" not in " ".join(argv)

    asyncio.run(main())
    for file in run.folder.rglob("*"):
        assert file.is_dir() or b"s3cret-pass" not in file.read_bytes(), file


def test_port_that_is_taken(run: Run) -> None:
    """One clear sentence names it, and nothing is left running."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(ChildError, match=f"^registry: port {port} of 127.0.0.1: Address"):
                async with opened(run, port=port):
                    pass

    asyncio.run(main())
    assert pending(run.folder / "journal.jsonl") == []


def test_registry_that_dies_is_reported(run: Run) -> None:
    """A rule that is held heals without a word, and a new one says what happened."""

    async def main() -> None:
        async with opened(run) as service:
            seam = service.gateway(scope())
            async with seam.rule(BUSY, kinds=(RequestKind.PING,)):
                os.kill(service.child.pid, signal.SIGKILL)
                await service.child.process.wait()
            with pytest.raises(ChildError, match="its process has ended"):
                async with seam.rule(BUSY, kinds=(RequestKind.PING,)):
                    pass

    asyncio.run(main())


def test_registry_ends_with_its_control_channel_although_downloads_hang(run: Run) -> None:
    """When the harness is gone it ends soon, also when clients read nothing."""

    async def main() -> None:
        async with opened(run) as service:
            image = await filled(service, ImageSpec(name="app", size_bytes=64 << 20))
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", service.ports["n0"], limit=1 << 10
            )
            layer = image.platforms[0].layers[0].digest
            writer.write(f"GET /v2/team/app/blobs/{layer} HTTP/1.1\r\nHost: r\r\n\r\n".encode())
            await reader.readline()
            stdin = service.child.process.stdin
            assert stdin is not None
            stdin.close()
            assert await asyncio.wait_for(service.child.process.wait(), 5) == 0
            writer.transport.abort()

    asyncio.run(main())
    records = (run.folder / "logs" / "access.jsonl").read_text().splitlines()
    assert json.loads(records[-1])["ended"] == "client_gone"


def test_answers_that_a_rule_holds_are_recorded_at_the_end(run: Run) -> None:
    """Closing lets go of what a delay holds, and of the rule."""

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            seam = service.gateway(scope())
            async with seam.rule(Delay(first_byte_s=3600), kinds=(RequestKind.PING,)):
                asking = asyncio.ensure_future(node_client.get("/v2/"))

                async def is_held() -> bool:
                    return (await seam.bites()).count == 1

                await eventually(is_held)
                stdin = service.child.process.stdin
                assert stdin is not None
                stdin.close()
                assert (await asyncio.wait_for(asking, 5)).status_code == 200
                assert await asyncio.wait_for(service.child.process.wait(), 5) == 0

    asyncio.run(main())
    (record,) = (run.folder / "logs" / "access.jsonl").read_text().splitlines()
    assert json.loads(record)["bitten_by"] == "f-1"


def test_change_at_rest_is_undone_when_cancelled_half_way() -> None:
    """A thread cannot be stopped: what it does is waited for, also when cancelled twice."""
    may_go_on = threading.Event()
    seen: list[str] = []

    @contextmanager
    def slow_change() -> Iterator[None]:
        seen.append("begun")
        may_go_on.wait(10)
        seen.append("done")
        yield
        seen.append("undone")

    async def change() -> None:
        async with in_thread(slow_change()):
            await asyncio.sleep(60)

    async def main() -> None:
        changing = asyncio.ensure_future(change())

        async def has_begun() -> bool:
            return seen == ["begun"]

        await eventually(has_begun)
        for _ in range(2):
            changing.cancel()
            await asyncio.sleep(0.05)
            assert seen == ["begun"]
            assert not changing.done()
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await changing

    asyncio.run(main())
    assert seen == ["begun", "done", "undone"]


def test_memory_is_flat(run: Run) -> None:
    """Large blobs up and down, read slowly too, leave the process as small as it was."""
    blob_bytes = 256 << 20

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(256):
            yield bytes(1 << 20)

    async def main() -> None:
        async with opened(run) as service, client(service) as node_client:
            process = psutil.Process(service.child.pid)
            before = process.memory_info().rss
            digest = digest_of(bytes(blob_bytes))
            path = "/v2/big/blobs/uploads/"
            put = await node_client.post(path, params={"digest": digest}, content=parts())
            assert put.status_code == 201
            received = 0
            async with node_client.stream("GET", put.headers["location"]) as answer:
                async for part in answer.aiter_raw(1 << 20):
                    received += len(part)
            assert received == blob_bytes
            assert process.memory_info().rss - before < 48 << 20

    asyncio.run(main())
