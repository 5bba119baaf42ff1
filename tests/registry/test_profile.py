"""Each profile's words on the wire, from a real registry process, and a node that copes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple, get_args

import httpx
import pytest
from gevent.lock import BoundedSemaphore

from harness.chance import Chance
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.load.pull_steps import carry_out
from harness.node.commands import Credentials, PullResult
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.settings import NodeSettings
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.oci.paths import TOKEN_PATHS
from harness.process.child import Run
from harness.process.journal import Journal
from harness.recording.outcome import Outcome
from harness.registry.profile import Limits, ProfileName
from harness.registry.profiles import PROFILES
from harness.registry.tokens import Account
from harness.seams import RefuseToken, RequestKind, Where
from tests.load_wires import wired
from tests.registry_server import eventually

PASSWORD = "s3cret-pass"
SPEC = ImageSpec(name="app", size_bytes=100_000, layers=1)
TAG = "/v2/team/app/manifests/v1"


@asynccontextmanager
async def opened(
    folder: Path, profile: ProfileName, **settings: Any
) -> AsyncIterator[tuple[RegistryService, BuiltImage]]:
    """A registry process of this profile with one image."""
    journal = Journal(folder / "journal.jsonl")
    run = Run(run_id="r1", folder=folder, journal=journal, clock_start_s=time.monotonic())
    account = Account(username=PROFILES[profile].username, password=PASSWORD)
    lifetime_s = PROFILES[profile].token_lifetime_s
    chosen = RegistrySettings(profile=profile, **({"token_lifetime_s": lifetime_s} | settings))
    with closing(journal):
        async with open_registry(
            run, chosen, RegistryPlace(nodes=("n0",)), account=account
        ) as service:
            image = await asyncio.to_thread(build, SPEC, DirectorySink(service.root))
            await service.add_image(image, "team/app", "v1")
            yield service, image


def client(service: RegistryService, **settings: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.direct_url, timeout=20, trust_env=False, **settings)


def pulled(
    service: RegistryService, username: str, password: str = PASSWORD
) -> tuple[PullResult, list[str]]:
    """One pull by a node's own rules: how it ended, and its requests."""
    with wired() as wire:
        rule = pull(
            "127.0.0.1/team/app:v1",
            registry_url=f"http://127.0.0.1:{service.ports['n0']}",
            credentials=Credentials(username=username, password=password),
            content=ContentStore(),
            settings=NodeSettings(),
        )
        carried = carry_out(rule, wire, pull="p", slots=BoundedSemaphore(3))
        asked = [f"{row['kind']} {row['method']} {row['status']}" for row in wire.rows()]
    return carried.result, [it for it in asked if not it.startswith("dns")]


SCOPE = "repository:team/app:pull"


async def token(http: httpx.AsyncClient, profile: ProfileName, scope: str = SCOPE) -> str:
    ways = PROFILES[profile]
    login = httpx.BasicAuth(ways.username, PASSWORD)
    answer = await http.get(ways.token_path, params={"scope": scope}, auth=login)
    return str(answer.json()[ways.token_fields[0]])


def said(answer: httpx.Response) -> str:
    """The message of an error, or the text that is one."""
    if answer.headers["content-type"].startswith("text/plain"):
        return answer.text
    return str(answer.json()["errors"][0]["message"])


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, message and the scheme of the challenge."""
    scheme = answer.headers.get("www-authenticate", "").partition(" ")[0]
    return answer.status_code, said(answer), scheme


def scope() -> FaultScope:
    deadline_s = time.monotonic() + 60
    return FaultScope(fault="f-1", where=Where(), chance=Chance(7, "f-1"), deadline_s=deadline_s)


class Way(NamedTuple):
    """What a node sends and is told by one registry."""

    right: tuple[str, ...]  # a pull with the right password: what comes before the content
    wrong: tuple[str, ...]  # the same with a wrong one
    told: str  # the end of the node's error text then
    challenge: str  # how the WWW-Authenticate of a request without credentials begins
    expired: tuple[int, str, str]  # to what ran out: status, message, scheme of the challenge


POSTED = ("manifest HEAD 401", "token POST 200", "manifest HEAD 200")
HUB = ("manifest HEAD 401", "token POST 401", "token GET 401")


def by_get(post: int, get: int = 200) -> tuple[str, ...]:
    """Token by GET, after a POST that is not offered."""
    asked = ("manifest HEAD 401", f"token POST {post}", f"token GET {get}")
    return (*asked, "manifest HEAD 200") if get == 200 else asked


HARBOR_SAID = "unauthorized to access repository: team/app, action: pull"
WAYS: dict[ProfileName, Way] = {
    "generic": Way(
        POSTED, HUB, "401 Unauthorized", "Bearer", (401, "authentication required", "Bearer")
    ),
    "docker_hub": Way(
        POSTED, HUB, "401 Unauthorized", "Bearer", (401, "authentication required", "Bearer")
    ),
    "ecr": Way(
        ("manifest HEAD 401", "manifest HEAD 200"),
        ("manifest HEAD 401", "manifest HEAD 403", "manifest GET 403"),
        "403 Forbidden\ndenied: Your authorization token is invalid.",
        "Basic",
        (403, "Your authorization token has expired. Reauthenticate and try again.", ""),
    ),
    "acr": Way(
        by_get(400),
        by_get(400, 401),
        "401 Unauthorized",
        "Bearer",
        (401, "authentication required", "Bearer"),
    ),
    "artifact_registry": Way(
        by_get(404),
        by_get(404, 401),
        "401 Unauthorized",
        "Bearer",
        (401, "authentication required", "Bearer"),
    ),
    "harbor": Way(
        by_get(405), by_get(405, 401), "401 Unauthorized", "Bearer", (401, HARBOR_SAID, "Basic")
    ),
    "ghcr": Way(
        by_get(405), by_get(405, 403), "403 Forbidden", "Bearer", (403, "invalid token", "")
    ),
    "quay": Way(
        by_get(405),
        by_get(405, 401),
        "401 Unauthorized",
        "Bearer",
        (401, "Signature has expired", "Bearer"),
    ),
}


@pytest.mark.parametrize("profile", WAYS)
def test_a_node_pulls_and_is_refused_as_there(tmp_path: Path, profile: ProfileName) -> None:
    """The right password brings the image by this registry's flow, a wrong one its refusal.

    A fault that refuses a good token does it in the same words as the registry a bad one.
    """
    way, name = WAYS[profile], PROFILES[profile].username

    async def main() -> None:
        async with opened(tmp_path, profile) as (service, image), client(service) as http:
            result, asked = await asyncio.to_thread(pulled, service, name)
            assert result.outcome is Outcome.OK
            assert result.blob_bytes == sum(it.size_bytes for it in image.blobs)
            assert tuple(asked[: len(way.right)]) == way.right
            assert len(way.right) == PROFILES[profile].login_requests + 1
            refused, tried = await asyncio.to_thread(pulled, service, name, "wrong")
            assert (tuple(tried), refused.outcome) == (way.wrong, Outcome.FAILED)
            assert refused.error_text.endswith(way.told)
            challenge = (await http.get(TAG)).headers["www-authenticate"]
            assert challenge.startswith(way.challenge)
            if way.challenge == "Bearer":
                assert f'service="{PROFILES[profile].service}"' in challenge
            seam = service.gateway(scope())
            async with seam.rule(RefuseToken(), kinds=(RequestKind.MANIFEST,)):
                answer = await http.get(TAG, headers={"Authorization": "Bearer x"})
            assert told(answer) == way.expired

    asyncio.run(main())


@pytest.mark.parametrize("profile", WAYS)
def test_what_has_run_out_is_refused_in_its_words(tmp_path: Path, profile: ProfileName) -> None:
    """A token, or the password itself, after its lifetime."""
    name = PROFILES[profile].username

    async def main() -> None:
        async with (
            opened(tmp_path, profile, token_lifetime_s=1) as (service, _),
            client(service) as http,
        ):
            if PROFILES[profile].scheme == "basic":
                http.auth = httpx.BasicAuth(name, PASSWORD)
            else:
                http.headers["Authorization"] = f"Bearer {await token(http, profile)}"
            assert (await http.get(TAG)).status_code == 200
            answer: httpx.Response | None = None

            async def refused() -> bool:
                nonlocal answer
                answer = await http.get(TAG)
                return answer.status_code != 200

            await eventually(refused)
            assert answer is not None
            assert told(answer) == WAYS[profile].expired

    asyncio.run(main())


@pytest.mark.parametrize("profile", [it for it in WAYS if PROFILES[it].scheme == "bearer"])
def test_tokens_have_its_fields_and_its_place(tmp_path: Path, profile: ProfileName) -> None:
    """Only its own path gives tokens; some name no lifetime, some no access_token."""
    ways = PROFILES[profile]
    wanted = {*ways.token_fields, *(("expires_in", "issued_at") if ways.says_lifetime else ())}

    async def main() -> None:
        async with opened(tmp_path, profile) as (service, _), client(service) as http:
            login = httpx.BasicAuth(ways.username, PASSWORD)
            answer = await http.get(ways.token_path, params={"scope": SCOPE}, auth=login)
            assert set(answer.json()) == wanted
            for path in TOKEN_PATHS - {ways.token_path}:
                assert (await http.get(path, auth=login)).status_code == 404, path
            nobody = await http.get(ways.token_path, params={"scope": SCOPE})
            assert nobody.status_code == (200 if ways.nobody is None else ways.nobody.status)
            narrow = await token(http, profile, scope="repository:other:pull")
            denied = await http.get(TAG, headers={"Authorization": f"Bearer {narrow}"})
            assert denied.status_code == ways.denied.status

    asyncio.run(main())


def test_harbor_opens_to_a_password_beside_tokens(tmp_path: Path) -> None:
    """Its second challenge is Basic, and it means it."""

    async def main() -> None:
        async with opened(tmp_path, "harbor") as (service, _), client(service) as http:
            assert (await http.get(TAG, auth=("harness", PASSWORD))).status_code == 200
            assert (await http.get(TAG, auth=("harness", "wrong"))).status_code == 401

    asyncio.run(main())


def test_the_table_has_every_profile() -> None:
    """A new file of profiles/ needs a line here; its limits are none, or numbers above 0."""
    assert set(WAYS) == set(PROFILES) == set(get_args(ProfileName))
    limits = {name: it.limits for name, it in PROFILES.items() if not it.limits.empty}
    assert set(limits) == {"docker_hub", "ecr", "acr", "artifact_registry", "ghcr"}
    assert Limits(anonymous_pulls=3).empty, "nobody's share of no limit is no limit"
