"""The load's transport against Locust's own client, and a verified pull against `crane pull`.

    uv run python benchmarks/load.py [--rounds 5] [--seconds 3] [--json FILE]

Both parts ask the same embedded registry, which has one core; each client is a process of its own
on the other core. Each round measures every client once, in turn, so that a noisy machine is noisy
for all. Compare only figures of one run. crane is built with Go into the temporary folder and kept
there; without Go it is left out.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from harness.environment.registry import RegistryPlace, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.process.child import Run
from harness.process.journal import Journal

IMAGE_BYTES = 320 << 20
LAYERS = 5
USERS = 16
NAME, TAG = "bench", "v1"
CRANE = "github.com/google/go-containerregistry/cmd/crane@latest"
LOCUST_FASTER_BY = 1.5  # what the wire is held to
TIMEOUT_S = 300


def wire(port: int, name: str = "n0") -> Any:
    from harness.load.node_client import NodeWire  # noqa: PLC0415  likewise
    from harness.load.orders import LoadTarget, NodeEndpoint  # noqa: PLC0415  a child's affair
    from harness.load.samples_file import SampleWriter  # noqa: PLC0415  likewise

    endpoint = NodeEndpoint(link_port=port, resolver_port=1)
    target = LoadTarget(
        registry_name="127.0.0.1",
        scheme="http",
        resolver_address="127.0.0.1",
        endpoints={name: endpoint},
        username="",
        password="",
        clock_start_s=time.monotonic(),
        samples_folder="",
    )
    writer = SampleWriter(Path("nowhere"), "bench")
    return NodeWire(node=name, target=target, endpoint=endpoint, samples=writer)


def requests_by_wire(port: int, seconds: float) -> dict[str, float]:
    """Manifest GETs by USERS nodes in one process, with their samples."""
    import gevent  # noqa: PLC0415  a child's affair

    from harness.node.commands import Reply, Request  # noqa: PLC0415  likewise
    from harness.seams import RequestKind  # noqa: PLC0415  likewise

    counts = [0] * USERS
    wires = [wire(port) for _ in range(USERS)]  # imports first
    until_s = time.monotonic() + seconds

    def ask(number: int) -> None:
        mine = wires[number]
        url = f"{mine.registry_url}/v2/{NAME}/manifests/{TAG}"
        while time.monotonic() < until_s:
            asked = Request(kind=RequestKind.MANIFEST, method="GET", url=url, client="fetcher")
            reply = mine.perform(asked, pull="p1")
            assert isinstance(reply, Reply), reply
            assert reply.status == 200
            counts[number] += 1
        mine.close()

    began_s, cpu_s = time.monotonic(), time.process_time()
    gevent.joinall([gevent.spawn(ask, number) for number in range(USERS)], raise_error=True)
    return rates(sum(counts), time.monotonic() - began_s, time.process_time() - cpu_s)


def rates(count: int, took_s: float, cpu_s: float) -> dict[str, float]:
    return {"requests/s": count / took_s, "cpu us/request": cpu_s / count * 1e6}


def requests_by_locust(port: int, seconds: float) -> dict[str, float]:
    """The same by USERS of Locust's FastHttpUser."""
    from locust import FastHttpUser, constant, task  # noqa: PLC0415  patches the whole process
    from locust.env import Environment  # noqa: PLC0415  likewise

    class Asking(FastHttpUser):  # type: ignore[misc]  # Locust has no types
        host = f"http://127.0.0.1:{port}"
        wait_time = constant(0)

        @task  # type: ignore[untyped-decorator]  # likewise
        def ask(self) -> None:
            self.client.get(f"/v2/{NAME}/manifests/{TAG}")

    import gevent  # noqa: PLC0415  after Locust

    environment = Environment(user_classes=[Asking])
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=USERS)
    gevent.sleep(0.5)
    environment.stats.reset_all()
    began_s, cpu_s = time.monotonic(), time.process_time()
    gevent.sleep(seconds)
    total = environment.stats.total
    assert not total.num_failures
    told = rates(total.num_requests, time.monotonic() - began_s, time.process_time() - cpu_s)
    runner.quit()
    return told


def pull_by_wire(port: int) -> dict[str, float]:
    """A pull by the node's own rules, every byte hashed."""
    from gevent.lock import BoundedSemaphore  # noqa: PLC0415  a child's affair

    from harness.load.pull_steps import carry_out  # noqa: PLC0415  likewise
    from harness.node.containerd import pull  # noqa: PLC0415  likewise
    from harness.node.image_store import ContentStore  # noqa: PLC0415  likewise
    from harness.node.settings import NodeSettings  # noqa: PLC0415  likewise

    mine, settings = wire(port), NodeSettings()
    began_s, cpu_s = time.monotonic(), time.process_time()
    rule = pull(
        f"127.0.0.1:{port}/{NAME}:{TAG}",
        registry_url=mine.registry_url,
        credentials=None,
        content=ContentStore(),
        settings=settings,
    )
    slots = BoundedSemaphore(settings.max_concurrent_downloads)
    carried = carry_out(rule, mine, pull="p1", slots=slots)
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
    assert carried.result.outcome == "ok", carried.result
    assert carried.result.blob_bytes >= IMAGE_BYTES * 0.99
    mine.close()
    return pulled(took_s, cpu_s)


def pulled(took_s: float, cpu_s: float) -> dict[str, float]:
    return {"pull GB/s": IMAGE_BYTES / took_s / 1e9, "cpu s/GB": cpu_s / IMAGE_BYTES * 1e9}


def built_crane() -> str | None:
    """crane's path, or None without Go."""
    folder = Path(tempfile.gettempdir()) / "registry-harness-benchmarks"
    found = shutil.which("crane") or shutil.which("crane", path=str(folder))
    if found is not None:
        return found
    if shutil.which("go") is None:
        return None
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "GOBIN": str(folder)}
    subprocess.run(["go", "install", CRANE], check=True, env=environment, timeout=TIMEOUT_S)
    return str(folder / "crane")


def in_child(core: int, *words: str) -> dict[str, float]:
    """What a part of this file prints, run by a process of its own on `core`."""
    argv = ["taskset", "-c", str(core), sys.executable, __file__, "--part", *words]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def pull_by_crane(core: int, crane: str, port: int) -> dict[str, float]:
    """`crane pull` to a file that is thrown away, its start of some 20 ms included."""
    reference = f"127.0.0.1:{port}/{NAME}:{TAG}"
    argv = ["taskset", "-c", str(core), crane, "pull", reference, "/dev/null"]
    before = os.times()
    subprocess.run(argv, check=True, capture_output=True, timeout=TIMEOUT_S)
    after = os.times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    return pulled(after.elapsed - before.elapsed, cpu_s)


def measure(port: int, crane: str | None, seconds: float, core: int) -> dict[str, float]:
    """One round of every client."""
    told = {
        "wire": in_child(core, "wire", str(port), str(seconds)),
        "FastHttpUser": in_child(core, "locust", str(port), str(seconds)),
        "wire ": in_child(core, "pull", str(port)),
    }
    if crane is not None:
        told["crane"] = pull_by_crane(core, crane, port)
    return {
        f"{who.strip()} {what}": value
        for who, figures in told.items()
        for what, value in figures.items()
    }


async def compare(rounds: int, seconds: float) -> list[dict[str, float]]:
    """The figures of every round."""
    cores = sorted(os.sched_getaffinity(0))
    crane = built_crane()
    if crane is None:
        sys.stderr.write("crane: left out, because there is no Go to build it with\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        journal = Journal(folder / "journal.jsonl")
        stack.callback(journal.close)
        run = Run(run_id="bench", folder=folder, journal=journal, clock_start_s=time.monotonic())
        async with open_registry(
            run, RegistrySettings(auth="none"), RegistryPlace(nodes=("n0",))
        ) as room:
            for thread in psutil.Process(room.child.pid).threads():
                os.sched_setaffinity(thread.id, {cores[-1]})
            image = await asyncio.to_thread(built, room.root)
            await room.add_image(image, NAME, TAG)
            return await asyncio.to_thread(
                lambda: [measure(room.ports["n0"], crane, seconds, cores[0]) for _ in range(rounds)]
            )


def built(root: Path) -> BuiltImage:
    return build(ImageSpec(name=NAME, size_bytes=IMAGE_BYTES, layers=LAYERS), DirectorySink(root))


def show(rows: list[dict[str, float]]) -> None:
    middle = {}
    for column in rows[0]:
        values = sorted(row[column] for row in rows)
        middle[column] = statistics.median(values)
        print(f"{column:28} {middle[column]:10,.2f}   ({values[0]:,.2f} to {values[-1]:,.2f})")
    ratio = middle["wire requests/s"] / middle["FastHttpUser requests/s"]
    cheaper = middle["FastHttpUser cpu us/request"] / middle["wire cpu us/request"]
    print(f"requests: {ratio:.2f} times FastHttpUser (held to {LOCUST_FASTER_BY})")
    print(f"requests for the same processor time: {cheaper:.2f} times FastHttpUser")
    if "crane pull GB/s" in middle:
        ratio = middle["wire pull GB/s"] / middle["crane pull GB/s"]
        print(f"pulls: {ratio:.2f} times crane (held to 1)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path, help="write the figures of every round here")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part is not None:
        part, port, *rest = arguments.part
        if part == "pull":
            told = pull_by_wire(int(port))
        else:
            by = requests_by_wire if part == "wire" else requests_by_locust
            told = by(int(port), float(rest[0]))
        print(json.dumps(told))
        return
    rows = asyncio.run(compare(arguments.rounds, arguments.seconds))
    show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
