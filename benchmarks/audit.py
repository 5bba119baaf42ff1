"""`harness audit` of an embedded registry with many tags: how long, and in how much memory.

    uv run python -m benchmarks audit [--tags 1000] [--blobs 10000] [--quick] [--json FILE]

The audit is the real command in a process of its own. What it holds at most is its peak of
resident memory, beside that of the same audit of one tag: the difference is what tags cost.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from harness.environment.registry import REGISTRY_FOLDER, RegistryPlace, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.oci.digest import digest_of
from harness.oci.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from harness.process.child import Run
from harness.process.journal import Journal

NAME = "team/app"
WATCH_S = 0.05


def fill(root: Path, tags: int, blobs: int) -> None:
    """Write `tags` images of small blobs, each its own, past the API."""
    stored = root / "blobs" / "sha256"
    stored.mkdir(parents=True)

    def store(content: bytes) -> str:
        digest = digest_of(content)
        (stored / digest.removeprefix("sha256:")).write_bytes(content)
        return digest

    def part(media_type: str, content: bytes) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": store(content), "size": len(content)}

    each = max(1, blobs // tags)
    with (root / "index.jsonl").open("w", encoding="utf-8") as index:
        for number in range(tags):
            config = {"os": "linux", "architecture": "amd64", "created_by": f"{number}"}
            parts = [part(OCI_CONFIG, json.dumps(config).encode())]
            parts += [
                part(OCI_LAYER_GZIP, f"layer {layer} of {number}".encode())
                for layer in range(each - 1)
            ]
            manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
            manifest |= {"config": parts[0], "layers": parts[1:]}
            digest = store(json.dumps(manifest).encode())
            digests = [it["digest"] for it in parts]
            for change in (
                {"do": "add_blobs", "name": NAME, "digests": digests},
                {
                    "do": "add_manifest",
                    "name": NAME,
                    "digest": digest,
                    "media_type": OCI_MANIFEST,
                    "tags": [f"v{number}"],
                    "subject": None,
                    "descriptor": None,
                },
            ):
                index.write(json.dumps(change) + "\n")


@asynccontextmanager
async def registry(folder: Path, tags: int, blobs: int) -> AsyncIterator[str]:
    """The URL of a registry process with that much in it."""
    fill(folder / REGISTRY_FOLDER, tags, blobs)
    journal = Journal(folder / "journal.jsonl")
    run = Run(run_id="b", folder=folder, journal=journal, clock_start_s=time.monotonic())
    try:
        async with open_registry(
            run, RegistrySettings(auth="none"), RegistryPlace(nodes=("n0",))
        ) as room:
            yield room.direct_url
    finally:
        journal.close()


def audit(url: str, options: list[str]) -> dict[str, float]:
    """Seconds, peak of memory and what was found of one audit by the command itself."""
    argv = [sys.executable, "-m", "harness", "audit", url, "--json", *options]
    started_s, peak = time.monotonic(), 0
    with tempfile.TemporaryFile() as output, subprocess.Popen(argv, stdout=output) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            with watched.oneshot():
                if watched.status() != psutil.STATUS_ZOMBIE:
                    peak = max(peak, watched.memory_info().rss)
            time.sleep(WATCH_S)
        took_s = time.monotonic() - started_s
        output.seek(0)
        said = json.loads(output.read())
    row = {"seconds": took_s, "peak_mib": peak / 2**20, "findings": len(said["findings"])}
    return row | {key: said[key] for key in ("tags", "manifests", "blobs")}


async def measure(tags: int, blobs: int, options: list[str]) -> dict[str, dict[str, float]]:
    rows = {}
    for name, counts in (("one tag", (1, 10)), ("many tags", (tags, blobs))):
        with tempfile.TemporaryDirectory() as folder:
            async with registry(Path(folder), *counts) as url:
                rows[name] = await asyncio.to_thread(audit, url, options)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tags", type=int, default=1000)
    parser.add_argument("--blobs", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="blobs by HEAD")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    options = ["--quick"] if arguments.quick else []
    rows = asyncio.run(measure(arguments.tags, arguments.blobs, options))
    for name, row in rows.items():
        print(name, *(f"{key} {value:,.1f}" for key, value in row.items()), sep="  ")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
