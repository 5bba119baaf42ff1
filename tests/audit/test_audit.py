"""Audits of a real registry with planted defects."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.audit.audit import wanted_of
from harness.audit.findings import Check, Finding
from harness.audit.ledger import Ledger
from harness.audit.opening import UnreachableError, audit, registry_url
from harness.oci.digest import digest_of
from harness.oci.media_types import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
)
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login
from tests.registry_server import PASSWORD, USER, Served, serving

NOBODY = Login()
LIMITS = AskLimits()
ROBOT = Login(username=USER, password=PASSWORD)
GONE = f"sha256:{'9' * 64}"


def part(media_type: str, content: bytes, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def put_manifest(served: Served, document: Any, *tags: str, repository: str = "team/app") -> str:
    """Store a manifest past the API, whatever it says."""
    content = json.dumps(document).encode()
    digest = digest_of(content)
    served.registry.content.write(digest, content)
    kind = OCI_INDEX if "manifests" in document else OCI_MANIFEST
    served.registry.index.add_manifest(repository, digest, kind, tags=tags)
    return digest


def put_image(
    served: Served,
    *tags: str,
    layers: tuple[bytes, ...] = (b"layer",),
    architecture: str = "amd64",
    repository: str = "team/app",
    **more: Any,
) -> str:
    """A whole image; its manifest's digest."""
    config = json.dumps({"os": "linux", "architecture": architecture, "tags": tags}).encode()
    for content in (config, *layers):
        served.put_blob(content, repository)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": part(OCI_CONFIG, config),
        "layers": [part(OCI_LAYER_GZIP, it) for it in layers],
        **more,
    }
    return put_manifest(served, document, *tags, repository=repository)


class Audited:
    """What one audit found, and what it counted."""

    def __init__(self, ledger: Ledger, requests: int) -> None:
        self.left_out = ledger.left_out()
        self.findings = list(ledger.findings())
        self.totals = ledger.totals()
        self.tags = list(ledger.all_tags())
        self.requests = requests

    @property
    def short(self) -> set[tuple[str, str, str]]:
        return {(it.check.value, it.repository, it.subject) for it in self.findings}

    def said(self, check: Check) -> str:
        (finding,) = (it for it in self.findings if it.check is check)
        return finding.text


async def audited(
    url: str,
    folder: Path,
    *,
    login: Login = NOBODY,
    before: list[tuple[str, str, str]] | None = None,
    limits: AskLimits = LIMITS,
    timeout_s: float | None = None,
    **wishes: Any,
) -> Audited:
    usual: dict[str, Any] = {
        "repositories": (),
        "quick": False,
        "names": (),
        "tags": (),
        "platforms": (),
        "quota_bytes": 0,
        "at_once": 4,
    }
    path = folder / "ledger.sqlite"
    path.unlink(missing_ok=True)
    ledger = Ledger(path)
    try:
        ledger.remember(before or [])
        wanted = wanted_of(**(usual | wishes))
        requests = await audit(
            registry_url(url)[0], wanted, ledger, login=login, limits=limits, timeout_s=timeout_s
        )
        return Audited(ledger, requests)
    finally:
        ledger.close()


def test_a_registry_that_is_right_is_clean(tmp_path: Path) -> None:
    """Every manifest and blob is counted once; shared layers are read once."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            shared = b"base" * 1000
            amd = put_image(served, layers=(shared, b"a"))
            arm = put_image(served, layers=(shared, b"b"), architecture="arm64")
            platforms = [{"os": "linux", "architecture": it} for it in ("amd64", "arm64")]
            children = [
                {"mediaType": OCI_MANIFEST, "digest": digest, "size": size, "platform": platform}
                for digest, platform in zip((amd, arm), platforms, strict=True)
                if (size := served.file(digest).stat().st_size)
            ]
            put_manifest(served, {"schemaVersion": 2, "manifests": children}, "v1", "latest")
            put_image(served, "v1", repository="other", layers=(shared,))
            seen = await audited(
                served.url(),
                tmp_path,
                platforms=("linux/amd64",),
                names=("team/*", "other"),
                tags=("v*", "latest"),
                quota_bytes=10_000,
            )
            assert seen.findings == []
            assert seen.totals == {
                "repositories": 2,
                "tags": 3,
                "manifests": 4,
                "blobs": 6,
                "bytes": seen.totals["bytes"],
            }
            assert seen.totals["bytes"] < 2 * len(shared)

    asyncio.run(main())


def test_planted_defects_are_found_each_by_its_check(tmp_path: Path) -> None:
    """And nothing else is."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            flipped = digest_of(b"flip me")
            put_image(served, "flipped", layers=(b"flip me",))
            served.file(flipped).write_bytes(b"FLIP me")
            cut = digest_of(b"cut me short")
            put_image(served, "cut", layers=(b"cut me short",))
            served.file(cut).write_bytes(b"cut me")
            lost = digest_of(b"lose me")
            put_image(served, "lost", layers=(b"lose me",))
            served.file(lost).unlink()
            spoilt = put_image(served, "spoilt", layers=(b"x",))
            served.file(spoilt).write_bytes(served.file(spoilt).read_bytes().replace(b"2", b"3"))
            served.registry.index.add_manifest("team/app", GONE, OCI_MANIFEST, tags=["nowhere"])
            short = [{"mediaType": OCI_MANIFEST, "digest": f"sha256:{'8' * 64}", "size": 3}]
            put_manifest(served, {"schemaVersion": 2, "manifests": short}, "childless")
            odd = put_manifest(served, {"layers": [{"digest": "sha256:x", "size": 1}]}, "odd")
            refers = put_image(
                served, "signature", subject={"digest": GONE, "size": 1, "mediaType": "x"}
            )
            put_image(served, f"sha256-{'7' * 64}.sig")
            seen = await audited(served.url(), tmp_path)
            name = "team/app"
            assert seen.short == {
                ("digest", name, flipped),
                ("size", name, cut),
                ("missing", name, lost),
                ("digest", name, spoilt),
                ("missing", name, "nowhere"),
                ("missing", name, f"sha256:{'8' * 64}"),
                ("malformed", name, odd),
                ("orphaned", name, refers),
                ("orphaned", name, f"sha256-{'7' * 64}.sig"),
            }
            quick = await audited(served.url(), tmp_path, quick=True)
            assert seen.short - quick.short == {("digest", name, flipped)}
            assert quick.short <= seen.short

    asyncio.run(main())


def test_the_users_rules_are_held(tmp_path: Path) -> None:
    """Names, hierarchy, platforms and sizes; a manifest that is no image needs no platform."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            put_image(served, "v1", layers=(b"a" * 5000,))
            put_image(served, "Latest", architecture="arm64", repository="loose")
            chart = {"schemaVersion": 2, "config": part("application/vnd.cncf.helm", b"{}")}
            served.put_blob(b"{}", "team/app")
            put_manifest(served, chart, "v2")
            seen = await audited(
                served.url(),
                tmp_path,
                names=("team/*",),
                tags=("v*",),
                platforms=("linux/arm64",),
                quota_bytes=4000,
            )
            assert seen.short == {
                ("name", "loose", ""),
                ("name", "loose", "Latest"),
                ("platform", "team/app", "v1"),
                ("quota", "team/app", ""),
            }
            assert seen.said(Check.PLATFORM) == "lacks linux/arm64, has linux/amd64"

    asyncio.run(main())


def test_tags_that_moved_since_are_found_with_what_they_left(tmp_path: Path) -> None:
    """A new tag is no finding; an old digest that another tag still names is none either."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            first = put_image(served, "v1", "kept", layers=(b"1",))
            second = put_image(served, "v2", layers=(b"2",))
            put_image(served, "old", layers=(b"3",))
            before = (await audited(served.url(), tmp_path)).tags
            put_image(served, "v1", "v2", "new", layers=(b"4",))
            served.registry.index.delete_tag("team/app", "old")
            seen = await audited(served.url(), tmp_path, before=before)
            old = next(digest for _, tag, digest in before if tag == "old")
            assert seen.short == {
                ("moved", "team/app", "v1"),
                ("moved", "team/app", "v2"),
                ("moved", "team/app", "old"),
                ("untagged", "team/app", second),
                ("untagged", "team/app", old),
            }
            assert first not in {it.subject for it in seen.findings}

    asyncio.run(main())


def test_referrers_are_read_although_no_tag_leads_to_them(tmp_path: Path) -> None:
    """A signature with a spoilt blob is found by way of the image that it signs."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as http:
            image = put_image(served, "v1")
            spoilt = served.put_blob(b"signature", "team/app")
            document = {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": part("application/vnd.oci.empty.v1+json", b"signature"),
                "layers": [],
                "subject": {"mediaType": OCI_MANIFEST, "digest": image, "size": 1},
            }
            content = json.dumps(document).encode()
            pushed = await http.put(
                f"/v2/team/app/manifests/{digest_of(content)}",
                content=content,
                headers={"Content-Type": OCI_MANIFEST},
            )
            assert pushed.status_code == 201
            served.file(spoilt).write_bytes(b"SIGNATURE")
            seen = await audited(served.url(), tmp_path)
            assert seen.short == {("digest", "team/app", spoilt)}

    asyncio.run(main())


@pytest.mark.parametrize(
    ("login", "said"),
    [
        (ROBOT, set()),
        (Login(username=USER, password="wrong"), {("credentials", "", "")}),
        (NOBODY, {("credentials", "team/app", "")}),
    ],
)
def test_credentials_open_or_are_found_wanting(
    tmp_path: Path, login: Login, said: set[tuple[str, str, str]]
) -> None:
    """A token for each repository; a wrong password is one finding, not one for each request."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served:
            put_image(served, "v1")
            seen = await audited(served.url(), tmp_path, login=login, repositories=("team/app",))
            assert seen.short == said
            assert PASSWORD not in repr(login)

    asyncio.run(main())


def test_only_the_chosen_repositories_are_read(tmp_path: Path) -> None:
    """A pattern asks the catalog; a name does not; a pattern that nothing matches is told."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            for name in ("team/app", "team/web", "other"):
                put_image(served, "v1", repository=name)
            counted = {}
            for chosen in ("team/*", "team/app", "none/*", "none"):
                seen = await audited(served.url(), tmp_path, repositories=(chosen,))
                counted[chosen] = (seen.totals["repositories"], {it.check for it in seen.findings})
            assert counted == {
                "team/*": (2, set()),
                "team/app": (1, set()),
                "none/*": (0, {Check.MISSING}),
                "none": (1, {Check.MISSING}),
            }

    asyncio.run(main())


def test_an_audit_changes_nothing(tmp_path: Path) -> None:
    """Only GET and HEAD are sent, and the content stays as it was."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            put_image(served, "v1")
            before = {it: it.stat().st_mtime_ns for it in (tmp_path / "content").rglob("*")}
            seen = await audited(served.url(), tmp_path)
            assert seen.requests > 5
            assert before == {it: it.stat().st_mtime_ns for it in (tmp_path / "content").rglob("*")}

    asyncio.run(main())
    lines = (tmp_path / "access.jsonl").read_text(encoding="utf-8").splitlines()
    methods = {json.loads(line)["method"] for line in lines}
    assert methods <= {"GET", "HEAD"}


def test_where_no_registry_is(tmp_path: Path) -> None:
    """Nobody listens, or somebody else does."""

    async def main() -> None:
        with pytest.raises(UnreachableError, match="ConnectError"):
            await audited("http://127.0.0.1:1", tmp_path)
        with pytest.raises(UnreachableError, match="https"):
            await audited("https://127.0.0.1:1", tmp_path)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        ("registry.test", "https://registry.test/", ""),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/", ""),
        ("http://r.test/v2/", "http://r.test/", ""),
        ("https://r.test/team/app", "https://r.test/", "team/app"),
    ],
)
def test_urls(text: str, url: str, name: str) -> None:
    """A registry, or a repository of it."""
    assert registry_url(text) == (httpx.URL(url), name)


@pytest.mark.parametrize(
    "text", ["ftp://r.test", "http://", "http://me:secret@r.test", "http://[", ""]
)
def test_urls_that_are_refused(text: str) -> None:
    """And a password in one is not repeated."""
    with pytest.raises(ValueError, match="URL") as refused:
        registry_url(text)
    assert "secret" not in str(refused.value)


def test_wishes_that_are_refused() -> None:
    """A repository that is none, a platform without its architecture."""
    usual: dict[str, Any] = {"quick": False, "names": (), "tags": (), "quota_bytes": 0}
    for chosen, platforms in ((("App",), ()), ((), ("linux",))):
        with pytest.raises(ValueError, match="must be"):
            wanted_of(chosen, platforms=platforms, at_once=1, **usual)


def test_findings_are_printable(tmp_path: Path) -> None:
    """What a registry says is shown, never obeyed, and not endless."""
    ledger = Ledger(tmp_path / "l")
    ledger.add(Check.NAME, "a", "b\x1b[31m", "c\n" * 9999)
    (finding,) = ledger.findings()
    assert finding == Finding(
        check=Check.NAME,
        repository="a",
        subject="b\N{REPLACEMENT CHARACTER}[31m",
        text=finding.text,
    )
    assert len(finding.text) < 600
    assert finding.text.isprintable()
    ledger.close()
