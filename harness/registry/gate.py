"""Who may do what: the Bearer challenge, and the token endpoint."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from harness.oci.challenge import bearer_challenge, pull_scope, realm_of
from harness.oci.errors import ErrorCode
from harness.oci.reference import is_repository
from harness.registry.call import Call
from harness.registry.refusal import RefusalError
from harness.registry.tokens import CATALOG, TokenService, read_basic

API = "registry/2.0"

_FORM_BYTES = 64 << 10
_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


class Gate:
    """Lets a request through or raises its 401."""

    def __init__(self, tokens: TokenService) -> None:
        self._tokens = tokens

    def require(self, call: Call) -> None:
        """Raise RefusalError unless the request's token allows it."""
        needs = _needs(call)
        token = _token(call)
        if not token:
            raise _challenged(call, needs, None)
        grant = self._tokens.verify(token)
        if grant is None:
            raise _challenged(call, needs, "invalid_token")
        if not all(grant.allows(name, action) for name, action in needs):
            raise _challenged(call, needs, "insufficient_scope")

    def is_account(self, call: Call) -> bool:
        """Whether it is the account's, which may read everything, rather than nobody's."""
        grant = self._tokens.verify(_token(call))
        return grant is not None and bool(grant.subject)


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


def _challenged(call: Call, needs: list[tuple[str, str]], error: str | None) -> RefusalError:
    scopes = [
        f"{CATALOG}:*"
        if name == CATALOG
        else pull_scope(name, "pull,push" if action == "push" else action)
        for name, action in needs
    ]
    challenge = bearer_challenge(realm=realm_of(call.scope), scope=" ".join(scopes), error=error)
    return RefusalError(
        ErrorCode.UNAUTHORIZED,
        "authentication required",
        detail=[{"Type": "repository", "Name": name, "Action": action} for name, action in needs]
        or None,
        headers=(("WWW-Authenticate", challenge), ("Docker-Distribution-Api-Version", API)),
    )


async def give_token(tokens: TokenService, call: Call) -> None:
    """Answer the token endpoint: GET with Basic or nobody's, POST with a password or a refresh."""
    if call.method == "GET":
        subject, scopes, keeps = _asked_by_get(tokens, call)
    elif call.method == "POST":
        subject, scopes, keeps = await _asked_by_post(tokens, call)
    else:
        raise RefusalError(ErrorCode.UNSUPPORTED, f"{call.method} is not for tokens")
    token = tokens.issue(subject, scopes)
    answer: dict[str, Any] = {
        "token": token,
        "access_token": token,
        "expires_in": max(1, int(tokens.lifetime_s)),
        "issued_at": f"{datetime.fromtimestamp(tokens.now_s(), UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    if call.method == "POST":
        answer["scope"] = " ".join(scopes)
    if keeps and subject is not None:
        answer["refresh_token"] = tokens.issue_refresh(subject)
    await call.answer_json(answer, (("Cache-Control", "no-store"),))


Asked = tuple[str | None, list[str], bool]


def _asked_by_get(tokens: TokenService, call: Call) -> Asked:
    query, header = call.query, call.header(b"authorization")
    scopes, keeps = query.getlist("scope"), query.get("offline_token") == "true"
    if not header:
        return None, scopes, False
    credentials = read_basic(header)
    if credentials is None:
        raise _wrong_credentials()
    return _subject(tokens, *credentials), scopes, keeps


async def _asked_by_post(tokens: TokenService, call: Call) -> Asked:
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
            return _subject(tokens, field("username"), field("password")), scopes, keeps
        case "refresh_token":
            subject = tokens.refreshed_subject(field("refresh_token"))
            if subject is None:
                raise _wrong_credentials()
            return subject, scopes, True
        case other:
            raise RefusalError(
                ErrorCode.UNSUPPORTED,
                f"grant_type must be password or refresh_token, got {other[:40]!r}",
                status=400,
            )


def _subject(tokens: TokenService, username: str, password: str) -> str:
    if tokens.account is not None and not tokens.account.admits(username, password):
        raise _wrong_credentials()
    return username


def _wrong_credentials() -> RefusalError:
    return RefusalError(
        ErrorCode.UNAUTHORIZED,
        "incorrect username or password",
        headers=(("WWW-Authenticate", 'Basic realm="harness-registry"'),),
    )
