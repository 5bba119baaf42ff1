"""How containerd answers a 401: Basic, or a Bearer token from the challenge's realm.

containerd: core/remotes/docker/authorizer.go and auth/fetch.go. An authoriser lives as long as one
pull; its resolver and its fetcher have one each (seen on a real node: two tokens a pull).
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harness.node.commands import (
    AttemptFailed,
    Command,
    Credentials,
    Pause,
    PauseReason,
    Request,
    TransportFailure,
)
from harness.node.exchange import AnsweredRequest, failed_request, follow
from harness.node.texts import unexpected_status
from harness.oci.challenge import Challenge, parse_challenge
from harness.oci.tokens import basic_authorization, read_token
from harness.seams import RequestKind

CLIENT_ID = "containerd-client"
# Registries that do not offer POST answer so; GET is tried then (the same file's own list).
_POST_NOT_OFFERED = frozenset({400, 401, 404, 405})
_ERROR_STATUS = 400
# Only to see a token that a neighbouring layer of the same pull is fetching.
_TOKEN_POLL_S = 0.01


@dataclass
class _Handler:
    """What answers one host's challenges. Without `expires_in` or with it, a token never ends."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""
    authorization: str = ""
    failure: AttemptFailed | None = None
    fetching: bool = False


@dataclass
class Authorizer:
    """The credentials and tokens of one client of one pull."""

    client: str
    credentials: Credentials | None
    scope: str  # of the image's repository; containerd adds it to the challenge's own
    _handlers: dict[str, _Handler] = field(default_factory=dict)

    def headers(self, url: str) -> Generator[Command, object, Mapping[str, str]]:
        """The Authorization header for `url`, if its host has challenged before.

        Raises AttemptFailed when there is no token to be had.
        """
        handler = self._handlers.get(urlsplit(url).netloc)
        if handler is None:
            return {}
        while handler.fetching:
            yield Pause(seconds=_TOKEN_POLL_S, why=PauseReason.LOCK)
        if handler.failure is not None:
            raise handler.failure
        if not handler.authorization:
            yield from self._fetch(handler)
        return {"Authorization": handler.authorization}

    def challenged(self, answers: list[AnsweredRequest]) -> bool:
        """Take the challenge of the last of `answers`; False when it cannot be answered.

        Raises AttemptFailed when the registry refused what was just sent.
        """
        last = answers[-1]
        host = urlsplit(last.url).netloc
        challenge = parse_challenge(last.reply.headers.get("www-authenticate", ""))
        if challenge is None:
            return False
        if challenge.scheme == "basic":
            self._handlers[host] = _Handler(scheme="basic", authorization=self._basic())
            return True
        error = challenge.parameters.get("error", "")
        if error:
            self._handlers.pop(host, None)
            if len(answers) > 1 and _same_request(answers[-2], last):
                raise AttemptFailed(f"server message: {error}: authorization failed")
        if host not in self._handlers:
            self._handlers[host] = self._bearer(challenge)
        return True

    def _basic(self) -> str:
        if self.credentials is None:
            raise AttemptFailed("authorization failed: no basic auth credentials")
        return _basic_header(self.credentials)

    def _bearer(self, challenge: Challenge) -> _Handler:
        realm = challenge.parameters.get("realm")
        if realm is None:
            raise AttemptFailed("no realm specified for token auth challenge")
        scopes = {self.scope, *challenge.parameters.get("scope", "").split()}
        return _Handler(
            scheme="bearer",
            realm=realm,
            service=challenge.parameters.get("service", ""),
            scope=" ".join(sorted(scopes - {""})),
        )

    def _fetch(self, handler: _Handler) -> Generator[Command, object, None]:
        handler.fetching = True
        try:
            if self.credentials is None:
                token = yield from self._get(handler, "fetch anonymous token")
            else:
                token = yield from self._post(handler, self.credentials)
            handler.authorization = f"Bearer {token}"
        except AttemptFailed as failure:
            handler.failure = failure  # containerd keeps it as it keeps a token
            raise
        finally:
            handler.fetching = False

    def _post(self, handler: _Handler, credentials: Credentials) -> Generator[Command, object, str]:
        form = {"client_id": CLIENT_ID, "service": handler.service}
        if handler.scope:
            form["scope"] = handler.scope
        if credentials.username:
            form |= {"grant_type": "password", "username": credentials.username}
            form["password"] = credentials.password
        else:
            form |= {"grant_type": "refresh_token", "refresh_token": credentials.password}
        request = Request(
            kind=RequestKind.TOKEN,
            method="POST",
            url=handler.realm,
            client=self.client,
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            form=dict(sorted(form.items())),
        )
        answer = yield from _ask(request, "fetch oauth token")
        if answer.reply.status in _POST_NOT_OFFERED:
            return (yield from self._get(handler, "fetch oauth token"))
        return _token(answer, "fetch oauth token", ("access_token",))

    def _get(self, handler: _Handler, doing: str) -> Generator[Command, object, str]:
        parts = urlsplit(handler.realm)
        query = parse_qsl(parts.query, keep_blank_values=True)
        if handler.service:
            query.append(("service", handler.service))
        query += [("scope", scope) for scope in handler.scope.split()]
        request = Request(
            kind=RequestKind.TOKEN,
            method="GET",
            url=urlunsplit(parts._replace(query=urlencode(sorted(query, key=lambda q: q[0])))),
            client=self.client,
            headers={"Authorization": _basic_header(self.credentials)} if self.credentials else {},
        )
        answer = yield from _ask(request, doing)
        return _token(answer, doing, ("access_token", "token"))


def _ask(request: Request, doing: str) -> Generator[Command, object, AnsweredRequest]:
    """A token request: one, whatever comes (a 503 is not tried again)."""
    last, outcome = yield from follow(request)
    if isinstance(outcome, TransportFailure):
        raise failed_request(last, outcome, f"failed to authorize: failed to {doing}: ")
    return AnsweredRequest(method=last.method, url=last.url, reply=outcome)


def _token(answer: AnsweredRequest, doing: str, names: tuple[str, ...]) -> str:
    prefix = f"failed to authorize: failed to {doing}: "
    if answer.reply.status >= _ERROR_STATUS:
        raise AttemptFailed(
            prefix + unexpected_status(answer.method, answer.url, answer.reply.status)
        )
    try:
        token = read_token(answer.reply.body, names).token
    except ValueError as error:
        raise AttemptFailed(f"{prefix}unable to decode token response: {error}") from error
    if not token:
        raise AttemptFailed(f"{prefix}authorization server did not include a token in the response")
    return token


def _basic_header(credentials: Credentials) -> str:
    return basic_authorization(credentials.username, credentials.password)


def _same_request(one: AnsweredRequest, other: AnsweredRequest) -> bool:
    return (one.method, one.url) == (other.method, other.url)
