"""The registry as an ASGI application: OCI distribution-spec v1.1 and its token service."""

import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.types import Receive, Scope, Send

from harness.oci.errors import ErrorCode
from harness.oci.paths import Endpoint
from harness.oci.reference import is_repository
from harness.registry.content_store import ContentStore
from harness.registry.gate import API, Gate, give_token
from harness.registry.index import Index
from harness.registry.listing import Listing
from harness.registry.profile import Limits, Profile
from harness.registry.profiles import PROFILES
from harness.registry.pull import Pull
from harness.registry.push import Push
from harness.registry.quotas import Quotas
from harness.registry.refusal import RefusalError
from harness.registry.request import Call, ClientGoneError
from harness.registry.tokens import TokenService
from harness.registry.uploads import Uploads, no_room

Handler = Callable[[Call], Awaitable[None]]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Registry:
    """Serves the content under `root`.

    `guarded`: requests need a token of `tokens`; otherwise tokens are given out but not asked for.
    `profile`: how it words its answers. `limits`: quotas that it keeps, from `quotas.start()` on.
    `pull`: what sends its content.
    """

    def __init__(
        self,
        root: Path,
        tokens: TokenService,
        *,
        guarded: bool,
        profile: Profile = PROFILES["generic"],
        limits: Limits | None = None,
        pull: Callable[[ContentStore, Index], Pull] = Pull,
    ) -> None:
        self.content = ContentStore(root)
        self.index = Index(root / "index.jsonl", self.content.size_bytes)
        self.uploads = Uploads(self.content)
        self.quotas = None if limits is None else Quotas(limits, profile, self.index)
        self._tokens = tokens
        self._profile = profile
        self._gate = Gate(tokens, profile) if guarded else None
        self._handlers = self._routes(pull(self.content, self.index))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = Call(scope, receive, send)
        try:
            await self._handle(call)
        except RefusalError as error:
            await call.refuse(error)
        except ClientGoneError:
            return
        except OSError as error:
            if error.errno not in _NO_ROOM or call.started:
                raise
            await call.refuse(no_room("the disk is full"))

    async def _handle(self, call: Call) -> None:
        endpoint, repository, reference = call.route
        if repository and not is_repository(repository):
            raise RefusalError(
                ErrorCode.NAME_INVALID, f"repository name {repository[:300]!r} is invalid"
            )
        if self.quotas is not None:
            self.quotas.require_rate()
        if endpoint == "token":
            await give_token(self._tokens, call, self._profile)
            return
        if endpoint == "other":  # distribution, too, says so before it asks who it is
            raise self._unsupported(endpoint, call)
        if self._gate is not None:
            self._gate.require(call)
        if self.quotas is not None and endpoint == "manifest" and call.method in ("GET", "HEAD"):
            self.quotas.count_pull(call, "" if self._gate is None else self._gate.account(call))
        if endpoint == "upload" and (not reference) != (call.method == "POST"):
            raise RefusalError(
                ErrorCode.UNSUPPORTED, f"{call.method} is not for {call.scope['path']}"
            )
        handler = self._handlers.get((endpoint, call.method))
        if handler is None:
            raise self._unsupported(endpoint, call)
        await handler(call)

    def _unsupported(self, endpoint: Endpoint, call: Call) -> RefusalError:
        methods = sorted(method for known, method in self._handlers if known == endpoint)
        if not methods or not (call.route.repository or endpoint in ("ping", "catalog")):
            return RefusalError(ErrorCode.UNSUPPORTED, "there is nothing at this path", status=404)
        message = f"{call.method} is not for this path, only {', '.join(methods)}"
        return RefusalError(
            ErrorCode.UNSUPPORTED, message, headers=(("Allow", ", ".join(methods)),)
        )

    def _routes(self, pull: Pull) -> dict[tuple[Endpoint, str], Handler]:
        push = Push(self.content, self.index, self.uploads, self._gate, self.quotas)
        listing = Listing(self.index)
        return {
            ("ping", "GET"): _ping,
            ("ping", "HEAD"): _ping,
            ("manifest", "GET"): pull.manifest,
            ("manifest", "HEAD"): pull.manifest,
            ("manifest", "PUT"): push.manifest,
            ("manifest", "DELETE"): push.delete_manifest,
            ("blob", "GET"): pull.blob,
            ("blob", "HEAD"): pull.blob,
            ("blob", "DELETE"): push.delete_blob,
            ("upload", "POST"): push.begin,
            ("upload", "GET"): push.status,
            ("upload", "PATCH"): push.add,
            ("upload", "PUT"): push.finish,
            ("upload", "DELETE"): push.cancel,
            ("tags", "GET"): listing.tags,
            ("referrers", "GET"): listing.referrers,
            ("catalog", "GET"): listing.repositories,
        }


async def _ping(call: Call) -> None:
    headers = (("Content-Type", "application/json"), ("Docker-Distribution-Api-Version", API))
    await call.answer(200, b"{}", headers)
