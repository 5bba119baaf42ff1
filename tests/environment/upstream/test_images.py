"""Images in somebody's registry: pushed under the run's own tags, and gone at the end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from harness.environment.upstream.access import UpstreamSettings
from harness.environment.upstream.client import upstream_client
from harness.environment.upstream.images import UpstreamImages
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.process.child import ChildError
from harness.process.journal import Journal, pending
from tests.registry_server import PASSWORD, USER, Served, run, serving
from tests.scripted_server import FIN, Steps, ok, scripted

SPEC = ImageSpec(
    name="app", size_bytes=1 << 20, layers=2, platforms=(("linux", "amd64"), ("linux", "arm64"))
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        yield journal


@asynccontextmanager
async def images(
    url: str, folder: Path, journal: Journal, suffix: str = "-run", password: str = PASSWORD
) -> AsyncIterator[tuple[UpstreamImages, BuiltImage]]:
    root = folder / "built"
    root.mkdir(exist_ok=True)
    built = build(SPEC, DirectorySink(root))
    settings = UpstreamSettings(provider="external", username=USER, password=password)
    async with upstream_client(settings, url) as client:
        pushing = UpstreamImages(client=client, url=url, root=root, journal=journal, suffix=suffix)
        yield pushing, built


def tags(served: Served) -> list[str]:
    found = served.registry.index.repository("team/app")
    return [] if found is None else list(found.tag_names)


def test_they_are_pushed_whole_and_taken_away_again(tmp_path: Path, journal: Journal) -> None:
    """With a token; each under the run's own tag, beside one of that name that was there."""

    async def main() -> None:
        async with (
            serving(tmp_path, guarded=True) as served,
            images(served.url(), tmp_path, journal, suffix="-before") as (first, built),
            images(served.url(), tmp_path, journal) as (second, _),
        ):
            assert await first.push(built, "team/app", "v1") == "v1-before"
            assert await second.push(built, "team/app", "v1") == "v1-run"
            assert tags(served) == ["v1-before", "v1-run"]
            found = served.registry.index.repository("team/app")
            assert found is not None
            assert found.tags["v1-run"] == built.digest
            assert set(found.blobs) >= set(built.blob_digests)
            assert [it["undo"]["tag"] for it in pending(tmp_path / "journal.jsonl")] == [
                "v1-run",
                "v1-before",
            ]
            await second.remove()
            assert tags(served) == ["v1-before"]
            assert built.digest in found.manifests
            await first.remove()
            assert tags(served) == []
            assert pending(tmp_path / "journal.jsonl") == []

    run(main())


def test_where_tags_cannot_be_deleted_the_manifest_is_if_it_was_new(
    tmp_path: Path, journal: Journal
) -> None:
    """A registry that deletes by digest only; what stays keeps its record."""
    asked: list[tuple[str, str]] = []

    def answer(ask: object, number: int) -> Steps:
        del number
        method, path = ask.method, ask.path  # type: ignore[attr-defined]  # an Ask
        asked.append((method, path))
        statuses = {"HEAD": "404 No", "POST": "202 Yes", "PUT": "201 Yes"}
        if method == "DELETE":
            status = "202 Gone" if "sha256" in path else "405 No"
        else:
            status = statuses[method]
        if method == "HEAD":
            return [b"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\n"]
        return [ok(b"", "Location: /v2/team/app/blobs/uploads/1?s=2", status=status)]

    async def main(url: str) -> None:
        async with images(url, tmp_path, journal) as (pushing, built):
            await pushing.push(built, "team/app", "v1")
            await pushing.remove()
        assert asked[-2:] == [
            ("DELETE", "/v2/team/app/manifests/v1-run"),
            ("DELETE", f"/v2/team/app/manifests/{built.digest}"),
        ]

    with scripted(answer) as server:
        run(main(server.url))
    assert pending(tmp_path / "journal.jsonl") == []


REFUSALS: dict[str, tuple[Steps, str]] = {
    "no room": ([ok(b"", status="507 No")], "was answered 507, not 202"),
    "wrong password": (
        [ok(b"", 'WWW-Authenticate: Bearer realm="/t"', status="401 No")],
        "gives 'robot' no token: GET /t: 401",
    ),
    "no challenge": ([ok(b"", status="401 No")], "401 without a challenge"),
    "a token that is none": (
        [ok(b"[" * 100_000, 'WWW-Authenticate: Bearer realm="/t"', status="401 No")],
        "gives 'robot' no token: GET /t: 401",
    ),
    "endless": (
        [b"HTTP/1.1 404 No\r\n\r\n", *([bytes(1 << 20)] * 8), FIN],
        "was answered 404, not 202",
    ),
    "gone": ([FIN], "disconnected without sending a response"),
    "elsewhere": (
        [ok(b"", "Location: http://169.254.169.254/x", status="307 No")],
        "which --allow-registry does not allow",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_goes_wrong_is_reported_with_its_cause_and_without_secrets(
    tmp_path: Path, journal: Journal, name: str
) -> None:
    steps, said = REFUSALS[name]

    async def main(url: str) -> None:
        refused = f"image team/app: cannot be pushed.*{said}"
        async with images(url, tmp_path, journal, password="s3cr3t") as (pushing, built):
            with pytest.raises(ChildError, match=refused) as told:
                await pushing.push(built, "team/app", "v1")
            assert "s3cr3t" not in str(told.value)
            await pushing.remove()

    def answer(ask: object, _: int) -> Steps:
        head = ask.method == "HEAD" and name in ("no room", "endless")  # type: ignore[attr-defined]
        return [b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"] if head else steps

    with scripted(answer) as server:
        run(main(server.url))
    assert pending(tmp_path / "journal.jsonl") == []
    assert b"s3cr3t" not in (tmp_path / "journal.jsonl").read_bytes()
