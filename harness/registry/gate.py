"""Who may do what: challenges, and the token endpoint; in the words of a profile."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Scope

from harness.oci.challenge import bearer_challenge, pull_scope, realm_of
from harness.oci.errors import ErrorCode
from harness.oci.reference import is_repository
from harness.registry.profile import Profile, Refusal
from harness.registry.profiles import PROFILES
from harness.registry.refusal import RefusalError, refusal
from harness.registry.request import Call
from harness.registry.tokens import CATALOG, TokenService, read_basic, read_scopes

API = "registry/2.0"

_API = ("Docker-Distribution-Api-Version", API)
_TOKEN_FIELDS = ("token", "access_token")  # of an answer to POST: oauth.md wants access_token
_FORM_BYTES = 64 << 10
_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


class Gate:
    """Lets a request through or raises its refusal."""

    def __init__(self, tokens: TokenService, profile: Profile = PROFILES["generic"]) -> None:
        self._tokens = tokens
        self._profile = profile
        self._takes_basic = profile.scheme == "basic" or profile.accepts_basic

    def require(self, call: Call) -> None:
        """Raise RefusalError unless the request's token, or its password, allows it."""
        needs = _needs(call)
        if self._takes_basic and (login := read_basic(call.header(b"authorization"))):
            self._require_login(call, needs, *login)
            return
        token = _token(call)
        if self._profile.scheme == "basic" or not token:
            raise _refused(self._profile.missing, self._profile, call.scope, needs)
        grant = self._tokens.verify(token)
        if grant is None:
            raise _refused(self._profile.expired, self._profile, call.scope, needs)
        if not all(grant.allows(name, action) for name, action in needs):
            raise _refused(self._profile.denied, self._profile, call.scope, needs)

    def account(self, call: Call) -> str:
        """Whose request this is, after `require`; "" for nobody's."""
        if self._takes_basic and (login := read_basic(call.header(b"authorization"))):
            return login[0]
        grant = self._tokens.verify(_token(call))
        return grant.subject if grant else ""

    def is_account(self, call: Call) -> bool:
        """Whether it is the account's, which may read everything, rather than nobody's."""
        return bool(self.account(call))

    def _require_login(
        self, call: Call, needs: list[tuple[str, str]], username: str, password: str
    ) -> None:
        account = self._tokens.account
        if account is not None and not account.admits(username, password):
            raise _refused(self._profile.wrong_login, self._profile, call.scope, needs)
        if self._profile.scheme == "basic" and self._tokens.password_ended():
            raise _refused(self._profile.expired, self._profile, call.scope, needs)


def _refused(
    words: Refusal, profile: Profile, scope: Scope, needs: list[tuple[str, str]]
) -> RefusalError:
    repository, action = needs[0] if needs else ("", "")
    detail = [{"Type": "repository", "Name": name, "Action": wanted} for name, wanted in needs]
    return refusal(
        words,
        {"repository": repository, "action": action},
        detail=detail or None,
        headers=(*_challenge(words, profile, scope, needs), _API),
    )


def refuse_as(
    profile: Profile, scope: Scope, method: str, repository: str, error: str | None
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body to a token that is refused although it is good.

    `error` "insufficient_scope": for what it does not allow; else as one that has run out, None:
    with no error attribute, where the profile's challenge would have one.
    """
    words = profile.denied if error == "insufficient_scope" else profile.expired
    if error is None:
        words = replace(words, error=None)
    action = _ACTIONS.get(method, "push")
    needs = [(repository, action)] if is_repository(repository) else []
    refused = _refused(words, profile, scope, needs)
    return refused.status, list(refused.all_headers), refused.body


def _token(call: Call) -> str:
    """The Bearer token; "" when there is none."""
    header = call.header(b"authorization")
    return header[7:].strip() if header[:7].lower() == "bearer " else ""


def _needs(call: Call) -> list[tuple[str, str]]:
    """Repositories and what is done to them; mounting also reads the source (distribution)."""
    endpoint, name, _ = call.route
    if endpoint == "ping":
        return []
    if endpoint == "catalog":
        return [(CATALOG, "*")]
    if endpoint != "upload":
        return [(name, _ACTIONS.get(call.method, "push"))]
    source = call.query.get("from", "") if call.method == "POST" else ""
    return [(name, "push"), *([(source, "pull")] if is_repository(source) else [])]


def _challenge(
    words: Refusal, profile: Profile, scope: Scope, needs: list[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """The WWW-Authenticate header of a refusal; none where the registry sends none."""
    if words.challenge == "none":
        return ()
    if words.challenge == "basic":
        return (("WWW-Authenticate", f'Basic realm="{profile.basic_realm}"'),)
    scopes = [
        f"{CATALOG}:*"
        if name == CATALOG
        else pull_scope(name, "pull,push" if action == "push" else action)
        for name, action in needs
    ]
    realm = realm_of(scope, profile.token_path)
    challenge = bearer_challenge(
        realm=realm, scope=" ".join(scopes), error=words.error, service=profile.service
    )
    return (("WWW-Authenticate", challenge),)


async def give_token(
    tokens: TokenService, call: Call, profile: Profile = PROFILES["generic"]
) -> None:
    """Answer the token endpoint: GET with Basic or nobody's, POST with a password or a refresh."""
    if profile.scheme == "basic" or call.scope["path"] != profile.token_path:
        raise RefusalError(ErrorCode.UNSUPPORTED, "there is nothing at this path", status=404)
    if call.method == "GET":
        subject, scopes, keeps = _asked_by_get(tokens, call, profile)
    elif call.method == "POST":
        subject, scopes, keeps = await _asked_by_post(tokens, call, profile)
    else:
        raise RefusalError(ErrorCode.UNSUPPORTED, f"{call.method} is not for tokens")
    if subject is None and profile.nobody is not None and not tokens.admits_nobody:
        raise refusal(profile.nobody, {"repository": " ".join(read_scopes(scopes))})
    token = tokens.issue(subject, scopes)
    posted = call.method == "POST"
    answer: dict[str, Any] = dict.fromkeys(_TOKEN_FIELDS if posted else profile.token_fields, token)
    if posted or profile.says_lifetime:
        answer["expires_in"] = max(1, int(tokens.lifetime_s))
        issued = datetime.fromtimestamp(tokens.now_s(), UTC)
        answer["issued_at"] = f"{issued:%Y-%m-%dT%H:%M:%SZ}"
    if posted:
        answer["scope"] = " ".join(scopes)
    if keeps and subject is not None:
        answer["refresh_token"] = tokens.issue_refresh(subject)
    await call.answer_json(answer, (("Cache-Control", "no-store"),))


Asked = tuple[str | None, list[str], bool]


def _asked_by_get(tokens: TokenService, call: Call, profile: Profile) -> Asked:
    query, header = call.query, call.header(b"authorization")
    scopes, keeps = query.getlist("scope"), query.get("offline_token") == "true"
    if not header:
        return None, scopes, False
    credentials = read_basic(header)
    if credentials is None:
        raise _wrong_credentials(profile)
    return _subject(tokens, *credentials, profile), scopes, keeps


async def _asked_by_post(tokens: TokenService, call: Call, profile: Profile) -> Asked:
    body = await call.body(_FORM_BYTES)
    try:
        fields = parse_qs(body.decode(), max_num_fields=64)
    except ValueError as error:
        raise RefusalError(ErrorCode.UNSUPPORTED, f"form: {error}", status=400) from None

    def field(name: str) -> str:
        return fields.get(name, [""])[0]

    scopes, keeps = fields.get("scope", []), field("access_type") == "offline"
    match field("grant_type"):
        case "password":
            if profile.post_status is not None:
                raise RefusalError(
                    ErrorCode.UNSUPPORTED,
                    "a password grant is not offered here",
                    status=profile.post_status,
                )
            subject = _subject(tokens, field("username"), field("password"), profile)
            return subject, scopes, keeps
        case "refresh_token":
            refreshed = tokens.refreshed_subject(field("refresh_token"))
            if refreshed is None:
                raise _wrong_credentials(profile)
            return refreshed, scopes, True
        case other:
            raise RefusalError(
                ErrorCode.UNSUPPORTED,
                f"grant_type must be password or refresh_token, got {other[:40]!r}",
                status=400,
            )


def _subject(tokens: TokenService, username: str, password: str, profile: Profile) -> str:
    if tokens.account is not None and not tokens.account.admits(username, password):
        raise _wrong_credentials(profile)
    return username


def _wrong_credentials(profile: Profile) -> RefusalError:
    basic = ("WWW-Authenticate", f'Basic realm="{profile.basic_realm}"')
    words = profile.wrong_login
    return refusal(words, headers=(basic,) if words.challenge == "basic" else ())
