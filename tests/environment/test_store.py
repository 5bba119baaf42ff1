"""Content of a running registry is changed at rest, met, counted, and restored exactly."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from harness.chance import Chance
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.environment.store import ScopedStore
from harness.oci.images import DirectorySink, ImageSpec, build
from harness.process.child import Run
from harness.process.journal import Journal, pending
from harness.registry.index import Index, Repository
from harness.run.recover import recover
from harness.seams import OtherImage, Where

RUN_ID = "st0re1"
VERSIONS = (1, 2, 3)
Met = dict[str, tuple[int, str]]
Change = Callable[[ScopedStore], AbstractAsyncContextManager[None]]

# Each verb, and what of a repository with three versions answers otherwise meanwhile.
VERBS: dict[str, tuple[Change, set[str]]] = {
    "flipped layers": (lambda it: it.flipped_bytes(flip_bytes=1, share=0.01), {"layer"}),
    "flipped manifests": (
        lambda it: it.flipped_bytes(flip_bytes=1, of="manifests"),
        {"v1", "v2", "v3"},
    ),
    "cut": (lambda it: it.cut(keep_share=0.5, share=0.01), {"layer"}),
    "missing": (lambda it: it.missing(share=0.01), {"layer"}),
    "half uploaded": (lambda it: it.missing(share=0.01, uploaded_share=0.5), {"layer"}),
    "untagged": (lambda it: it.untagged(share=0.1), {"tag"}),
    "older": (lambda it: it.retagged(OtherImage.OLDER), {"v1", "v2", "v3"}),
    "newer": (lambda it: it.retagged(OtherImage.NEWER, share=0.1), {"tag"}),
    "no manifest": (lambda it: it.retagged(OtherImage.HTML), {"v1", "v2", "v3"}),
    "no platform": (lambda it: it.retagged(OtherImage.NO_PLATFORM), {"v1", "v2", "v3"}),
    "wrong platform": (lambda it: it.retagged(OtherImage.WRONG_PLATFORM), {"v1", "v2", "v3"}),
    "renamed": (lambda it: it.renamed(suffix="-old"), {"v1", "v2", "v3", "layers"}),
    "gone": (lambda it: it.renamed(suffix=None), {"v1", "v2", "v3", "layers"}),
    "tags cleaned": (lambda it: it.cleaned(keep=2, of="tags"), {"v1"}),
    "manifests cleaned": (lambda it: it.cleaned(keep=1, of="manifests"), {"v1", "v2"}),
    "blobs cleaned": (lambda it: it.cleaned(keep=2, of="blobs"), {"v1", "layers of v1"}),
}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder = tmp_path / f"20261124T101400Z-{RUN_ID}"
    folder.mkdir()
    journal = Journal(folder / "journal.jsonl")
    yield Run(run_id=RUN_ID, folder=folder, journal=journal, clock_start_s=time.monotonic())
    journal.close()


@asynccontextmanager
async def opened(run: Run) -> AsyncIterator[RegistryService]:
    """A registry with three versions of one repository and a copy of the first in another."""
    async with open_registry(
        run, RegistrySettings(auth="none"), RegistryPlace(nodes=("n0",))
    ) as service:
        for version in VERSIONS:
            spec = ImageSpec(name="app", version=version, size_bytes=40_000, layers=2)
            image = await asyncio.to_thread(build, spec, DirectorySink(service.root))
            await service.add_image(image, "app", spec.tag)
            if version == 1:
                await service.add_image(image, "copy", spec.tag)
        yield service


def scope(repository: str | None = "app") -> FaultScope:
    return FaultScope(
        fault="f-1",
        where=Where(repository=repository),
        chance=Chance(7, "f-1"),
        deadline_s=time.monotonic() + 60,
    )


async def asked(service: RegistryService) -> dict[str, Met]:
    """What each tag and each layer of both repositories is answered with."""
    met: dict[str, Met] = {"app": {}, "copy": {}}
    base = f"http://127.0.0.1:{service.ports['n0']}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as client:
        for held in service.held.within(Where()):
            paths = {held.tag: f"manifests/{held.tag}"}
            for layer in held.image.platforms[0].layers:
                paths[f"{held.tag} {layer.digest}"] = f"blobs/{layer.digest}"
            for name, path in paths.items():
                answer = await client.get(f"/v2/{held.repository}/{path}")
                content = f"{len(answer.content)} {hash(answer.content)}"
                met[held.repository][name] = (answer.status_code, content)
    return met


def contents(root: Path) -> dict[str, bytes]:
    """All files but the index, which only grows."""
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "index.jsonl")
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def indexed(root: Path) -> dict[str, Repository]:
    index = Index(root / "index.jsonl")
    index.close()
    return index.repositories


def expected(words: set[str], before: Met) -> list[set[str]]:
    """The names that `words` stand for: one of these sets."""
    if words == {"layer"}:
        return [{name} for name in before if " " in name]
    if words == {"tag"}:
        return [{name} for name in before if " " not in name]
    found = words & before.keys()
    if "layers" in words:
        found |= {name for name in before if " " in name}
    if "layers of v1" in words:
        found |= {name for name in before if name.startswith("v1 ")}
    return [found]


def recovered(folder: Path, left: Path) -> None:
    """Let `recover` undo what is left in a copy of `folder`, all but its processes and its end."""
    journal = left / "journal.jsonl"
    lines = journal.read_text().replace(str(folder.resolve()), str(left.resolve()))
    others = ("remove_registry", "end_processes")
    kept = [
        line for line in lines.splitlines(keepends=True) if not any(it in line for it in others)
    ]
    journal.write_text("".join(kept))
    assert pending(journal)
    assert [it.text for it in recover(left) if it.failed] == []
    assert pending(journal) == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_change_is_met_counted_and_undone(run: Run, tmp_path: Path, verb: str) -> None:
    """By the repository in scope alone; answers, files and journal are as before afterwards.

    So they are where a kill left the folder while it lasted, once `recover` has been there.
    """
    change, words = VERBS[verb]
    left = tmp_path / "left" / run.folder.name

    async def main() -> None:
        async with opened(run) as service:
            before, files, index = (
                await asked(service),
                contents(service.root),
                indexed(service.root),
            )
            records = pending(run.folder / "journal.jsonl")
            store = service.store(scope())
            async with change(store):
                during = await asked(service)
                assert len(pending(run.folder / "journal.jsonl")) > len(records)
                shutil.copytree(run.folder, left)
            differing = {
                name for name in before["app"] if before["app"][name] != during["app"][name]
            }
            assert differing in expected(words, before["app"])
            if "layer" not in words and verb != "flipped manifests":
                assert during["copy"] == before["copy"]  # content of both is one file
            assert ((await store.bites()).count or 0) >= len(differing)
            assert await asked(service) == before
            assert contents(service.root) == files
            assert pending(run.folder / "journal.jsonl") == records
            recovered(run.folder, left)
            assert indexed(left / "registry") == index
            assert contents(left / "registry") == files

    asyncio.run(main())


def test_nothing_in_scope_changes_nothing(run: Run) -> None:
    """And is told as what it is."""

    async def main() -> None:
        async with opened(run) as service:
            before = await asked(service)
            records = pending(run.folder / "journal.jsonl")
            nowhere = service.store(scope("nowhere"))
            for change, _ in VERBS.values():
                with pytest.raises(LookupError):
                    async with change(nowhere):
                        pass
            assert await asked(service) == before
            assert pending(run.folder / "journal.jsonl") == records

    asyncio.run(main())


def test_a_registry_that_dies_meanwhile_leaves_its_file_as_before(run: Run) -> None:
    """Nobody answers any more; the index is put right where it lies."""

    async def main() -> None:
        async with opened(run) as service:
            before = indexed(service.root)
            with pytest.raises(LookupError, match="mine"):
                await dying(service)
            assert indexed(service.root) == before

    async def dying(service: RegistryService) -> None:
        async with service.store(scope()).untagged():
            assert indexed(service.root)["app"].tags == {}
            service.child.process.kill()
            await service.child.process.wait()
            raise LookupError("mine")

    asyncio.run(main())
