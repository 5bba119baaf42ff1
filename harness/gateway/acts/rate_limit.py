"""So many requests in a window, then 429. HEAD counts only when the rule names it (Docker Hub)."""

from dataclasses import replace

from harness.gateway.acts._behaviour import (
    ANSWER,
    JOIN,
    Behaviour,
    OwnAnswer,
    RuleContext,
    Verdict,
    error_answer,
)
from harness.gateway.request import GatewayRequest
from harness.oci.errors import ErrorCode
from harness.oci.windows import Window
from harness.process.clock import monotonic_s
from harness.seams import RateLimit

_TOO_MANY_REQUESTS = 429


class RateLimitBehaviour(Behaviour[RateLimit]):
    def __init__(self, act: RateLimit, context: RuleContext) -> None:
        super().__init__(act, context)
        self._window = Window(act.limit, act.window_s, monotonic_s())

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        counted = request.method != "HEAD" or "HEAD" in self.context.methods
        passes = self._window.take(now_s) if counted else True
        headers = self._docker_hub(request, now_s) if self.act.headers == "docker_hub" else ()
        if passes:
            return replace(JOIN, headers=headers) if headers else JOIN
        if self.act.retry_after_s is not None:
            headers = (*headers, ("retry-after", str(self.act.retry_after_s)))
        return replace(ANSWER, headers=headers)

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        return error_answer(_TOO_MANY_REQUESTS, ErrorCode.TOOMANYREQUESTS, self.act.message)

    def _docker_hub(self, request: GatewayRequest, now_s: float) -> tuple[tuple[str, str], ...]:
        span = f"w={self.act.window_s:.0f}"  # docker/docs: usage/pulls.md
        return (
            ("ratelimit-limit", f"{self.act.limit};{span}"),
            ("ratelimit-remaining", f"{self._window.remaining(now_s)};{span}"),
            ("docker-ratelimit-source", (request.scope.get("client") or ("", 0))[0]),
        )
