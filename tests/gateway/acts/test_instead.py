"""Another image under a tag, as a client sees it on a real socket."""

from pathlib import Path

import httpx

from harness.oci.digest import digest_of
from harness.seams import Document, Instead, RequestKind
from tests.registry_server import Served, run, serving

KINDS = (RequestKind.MANIFEST, RequestKind.BLOB)
TYPE = "application/vnd.oci.image.manifest.v1+json"
ONE, TWO, THREE = '{"n":1}', '{"n":2}', '{"n":3}'
MANIFESTS = "/v2/app/manifests"


def digest(text: str) -> str:
    return digest_of(text.encode())


def fill(served: Served) -> None:
    """Two versions; the third is only a document of the rule."""
    for tag, text in (("v1", ONE), ("v2", TWO)):
        served.registry.content.write(digest(text), text.encode())
        served.registry.index.add_manifest("app", digest(text), TYPE, tags=[tag])


def document(text: str) -> Document:
    return Document(repository="app", digest=digest(text), media_type=TYPE, text=text)


def said(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.text, answer.headers.get("docker-content-digest", "")


def test_a_tag_is_answered_with_the_registrys_own_other_image(tmp_path: Path) -> None:
    """By HEAD and GET; what is asked for by digest is what it was."""
    act = Instead(tags=(("app", "v2", digest(ONE)), ("app", "v9", digest(THREE))))

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            fill(served)
            name = served.rule(act, kinds=KINDS)
            head = await client.head(f"{MANIFESTS}/v2")
            assert head.headers["docker-content-digest"] == digest(ONE)
            assert head.headers["harness-bitten-by"] == name
            assert said(await client.get(f"{MANIFESTS}/v2")) == (200, ONE, digest(ONE))
            assert said(await client.get(f"{MANIFESTS}/v1")) == (200, ONE, digest(ONE))
            by_digest = await client.get(f"{MANIFESTS}/{digest(TWO)}")
            assert said(by_digest) == (200, TWO, digest(TWO))
            assert "harness-bitten-by" not in by_digest.headers
            assert (await client.get("/v2/other/manifests/v2")).status_code == 404
            assert (await client.get(f"{MANIFESTS}/v9")).status_code == 404
            assert served.bites(name) == 2

    run(main())


def test_a_document_is_answered_by_the_gateway(tmp_path: Path) -> None:
    """Also by digest, whatever the share: who has been sent there must find it."""
    act = Instead(tags=(("app", "v2", digest(THREE)),), documents=(document(THREE),))

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            fill(served)
            name = served.rule(act, kinds=KINDS)
            head = await client.head(f"{MANIFESTS}/v2")
            assert (head.headers["content-type"], head.headers["content-length"]) == (TYPE, "7")
            assert said(await client.get(f"{MANIFESTS}/v2")) == (200, THREE, digest(THREE))
            served.rules.remove(name)
            served.rule(act, kinds=KINDS, share=0.0)
            assert said(await client.get(f"{MANIFESTS}/v2")) == (200, TWO, digest(TWO))
            for path in (f"{MANIFESTS}/{digest(THREE)}", f"/v2/app/blobs/{digest(THREE)}"):
                assert said(await client.get(path)) == (200, THREE, digest(THREE))
            elsewhere = await client.get(f"/v2/other/manifests/{digest(THREE)}")
            assert elsewhere.status_code == 404

    run(main())


def test_who_is_not_logged_in_is_challenged(tmp_path: Path) -> None:
    """A document is no way around the token."""
    act = Instead(tags=(("app", "v2", digest(THREE)),), documents=(document(THREE),))

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            fill(served)
            name = served.rule(act, kinds=KINDS)
            for path in (f"{MANIFESTS}/v2", f"{MANIFESTS}/{digest(THREE)}"):
                assert (await client.head(path)).status_code == 401
            assert served.bites(name) == 0

    run(main())


def test_a_replica_alone_knows_nothing_of_the_others_images(tmp_path: Path) -> None:
    """Who asks one for a tag and the other for its digest gets 404, either way round."""
    act = Instead(tags=(("app", "v2", digest(THREE)),), documents=(document(THREE),), alone=True)

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            fill(served)
            name = served.rule(act, kinds=KINDS, nodes=("n0",))
            assert said(await client.get(f"{MANIFESTS}/v2")) == (200, THREE, digest(THREE))
            assert said(await client.get(f"{MANIFESTS}/{digest(THREE)}"))[1] == THREE
            unknown = await client.get(f"{MANIFESTS}/{digest(TWO)}")
            assert unknown.status_code == 404
            assert unknown.json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"
            async with served.client("n1") as other:
                assert said(await other.get(f"{MANIFESTS}/v2"))[1] == TWO
                assert (await other.get(f"{MANIFESTS}/{digest(THREE)}")).status_code == 404
            assert served.bites(name) == 3

    run(main())
