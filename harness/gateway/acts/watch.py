"""Answers that are counted and not changed."""

from harness.gateway.acts._behaviour import Behaviour
from harness.gateway.bodies import SERVED
from harness.seams import Watch

_NOT_FOUND = 404


class WatchBehaviour(Behaviour[Watch]):
    def counts(self, status: int, method: str) -> bool:
        if self.act.answers == "missing":
            return status == _NOT_FOUND
        methods = ("GET",) if self.act.answers == "content" else ("GET", "HEAD")
        return status in SERVED and method in methods
