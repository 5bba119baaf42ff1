"""Answers that the registry has given before and would give again, without the gateway."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harness.clusters.simulated.simulated_connection import SimulatedConnection
from harness.gateway.rules import Rules
from harness.node.commands import Reply, Request
from harness.oci.paths import route
from harness.registry.tokens import TokenService

_READING: Final = ("GET", "HEAD")
_OK: Final = 200
_PARTIAL: Final = 206
_UNAUTHORIZED: Final = 401
_BEARER: Final = "Bearer "

_Key = tuple[str, str, int, str, bool]


@dataclass(kw_only=True)
class KnownAnswers:
    """Answers to requests that nothing on their way can change.

    That is so when no rule of the gateway is about their kind, no toxic is on their connection,
    and the registry keeps no quotas. Content at rest is only changed under a rule that watches it.
    """

    rules: Rules
    tokens: TokenService
    keeps_quotas: bool
    is_up: Callable[[], bool]
    _answers: dict[_Key, Reply] = field(default_factory=dict)

    def of(self, request: Request, connection: SimulatedConnection) -> Reply | None:
        """The answer to `request`; None when the gateway must be asked."""
        if not self._is_undisturbed(request, connection):
            return None
        answer = self._answers.get(_key(request))
        if answer is None or not self._is_admitted(request, answer):
            return None
        return answer

    def learn(self, request: Request, connection: SimulatedConnection, answer: Reply) -> None:
        """Keep an answer that came whole, if it would be given again."""
        credentials = request.headers.get("Authorization", "")
        again = answer.status == (_PARTIAL if request.range_from else _OK) or (
            answer.status == _UNAUTHORIZED and not credentials
        )
        if again and self._is_undisturbed(request, connection):
            self._answers[_key(request)] = answer

    def _is_undisturbed(self, request: Request, connection: SimulatedConnection) -> bool:
        return (
            request.method in _READING
            and request.room_bytes is None
            and not self.keeps_quotas
            and not self.rules.of(request.kind)
            and connection.is_plain
            and self.is_up()
        )

    def _is_admitted(self, request: Request, answer: Reply) -> bool:
        """Whether the registry would take the credentials; only tokens are looked at here."""
        credentials = request.headers.get("Authorization", "")
        if answer.status == _UNAUTHORIZED or not credentials:
            return True
        if not credentials.startswith(_BEARER):
            return False
        grant = self.tokens.verify(credentials[len(_BEARER) :])
        path = "/v2/" + request.url.partition("/v2/")[2].partition("?")[0]
        return grant is not None and grant.allows(route(path).repository, "pull")


def _key(request: Request) -> _Key:
    has_credentials = "Authorization" in request.headers
    accept = request.headers.get("Accept", "")
    return request.method, request.url, request.range_from, accept, has_credentials
