"""Lists over HTTP: tags, referrers and repositories."""

import asyncio
import json
from pathlib import Path

from harness.oci.digest import digest_of
from harness.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.registry_server import serving

SUBJECT = f"sha256:{'5' * 64}"


def test_tags_page_by_page(tmp_path: Path) -> None:
    """Following the Link header shows every tag once, in order."""
    tags = [f"v{number:02}" for number in range(7)]

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.registry.index.add_manifest("app", SUBJECT, OCI_MANIFEST, tags=reversed(tags))
            whole = (await client.get("/v2/app/tags/list")).json()
            assert whole == {"name": "app", "tags": tags}
            seen, path = [], "/v2/app/tags/list?n=3"
            while path:
                answer = await client.get(path)
                seen.append(answer.json()["tags"])
                path = answer.links.get("next", {}).get("url", "")
            assert seen == [tags[:3], tags[3:6], tags[6:]]
            none = await client.get("/v2/app/tags/list?n=0")
            assert none.json()["tags"] == []
            after = await client.get("/v2/app/tags/list", params={"last": "v045"})
            assert after.json()["tags"] == tags[5:]
            assert (await client.get("/v2/none/tags/list")).status_code == 404

    asyncio.run(main())


def test_referrers(tmp_path: Path) -> None:
    """What names a subject is listed under it, filtered if asked; nothing is an empty index."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/referrers/{SUBJECT}"
            empty = await client.get(path)
            assert (empty.status_code, empty.headers["content-type"]) == (200, OCI_INDEX)
            assert empty.json()["manifests"] == []
            for kind in ("text/sbom", "text/signature"):
                document = {
                    "schemaVersion": 2,
                    "mediaType": OCI_MANIFEST,
                    "artifactType": kind,
                    "subject": {"digest": SUBJECT},
                    "annotations": {"of": kind},
                }
                content = json.dumps(document).encode()
                put = await client.put(
                    f"/v2/app/manifests/{digest_of(content)}",
                    content=content,
                    headers={"Content-Type": OCI_MANIFEST},
                )
                assert put.headers["oci-subject"] == SUBJECT
            both = (await client.get(path)).json()["manifests"]
            assert [it["artifactType"] for it in both] == ["text/sbom", "text/signature"]
            assert both[0]["annotations"] == {"of": "text/sbom"}
            one = await client.get(path, params={"artifactType": "text/sbom"})
            assert one.headers["oci-filters-applied"] == "artifactType"
            assert one.json()["manifests"] == both[:1]
            await client.delete(f"/v2/app/manifests/{both[0]['digest']}")
            assert (await client.get(path)).json()["manifests"] == both[1:]
            assert (await client.get("/v2/app/referrers/x")).status_code == 400

    asyncio.run(main())


def test_repositories(tmp_path: Path) -> None:
    """The catalogue lists repositories, page by page."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            for name in ("b", "a/x", "c"):
                served.put_blob(b"x", name)
            answer = await client.get("/v2/_catalog", params={"n": 2})
            assert answer.json() == {"repositories": ["a/x", "b"]}
            rest = await client.get(answer.links["next"]["url"])
            assert rest.json() == {"repositories": ["c"]}

    asyncio.run(main())
