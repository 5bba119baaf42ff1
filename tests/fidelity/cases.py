"""What real and emulated nodes are asked to do alike: one fault for 30 s, and a rollout in it.

Faults of the gateway are scoped by repository, so that many can be on at once; those of the link
and the resolver by node, one on each of the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FAULT_AT_S: Final = 2
FAULT_FOR_S: Final = 30
ROLLOUT_AT_S: Final = 4
NODES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault, as a scenario says it ("" for none). `name` is its rollout's and image's."""

    name: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Cases of one run. `by_node`: case n is on node n, else each has a repository of its own."""

    name: str
    cases: tuple[Case, ...]
    by_node: bool = False
    rounds: int = 1  # rollouts of each case, by node: they are more samples

    def scenario(self) -> str:
        """The scenario file. The kubelet's own limit of pulls is off: it has a case of its own."""
        images = [self._image(case, n) for case in self.cases for n in self._numbers()]
        rollouts = [self._rollout(case, n) for case in self.cases for n in self._numbers()]
        if self.by_node:  # each rollout has a pod on each node
            images, rollouts = images[: self.rounds], rollouts[: self.rounds]
        faults = [self._fault(case, place) for place, case in enumerate(self.cases) if case.fault]
        return "\n".join(
            [
                f"name: {self.name}",
                f"environment: {{cluster: {{nodes: {NODES}, registry_pull_qps: 0}}}}",
                "images:",
                *images,
                "load:",
                "  give_up: 120s",
                "  rollouts:",
                *rollouts,
                "faults:" if faults else "faults: []",
                *faults,
                "expect:",
                "  - {metric: pods_ready, at_least: 100%}",
                "",
            ]
        )

    def _numbers(self) -> range:
        return range(1, self.rounds + 1)

    def _name(self, case: Case, number: int) -> str:
        return f"app-{number}" if self.by_node else case.name

    def _image(self, case: Case, number: int) -> str:
        return f"  {self._name(case, number)}: {{size: 2MiB, layers: 2}}"

    def _rollout(self, case: Case, number: int) -> str:
        name = self._name(case, number)
        return f"    - {{name: {name}, image: {name}, replicas: {NODES}, at: {ROLLOUT_AT_S}s}}"

    def _fault(self, case: Case, place: int) -> str:
        where = f"nodes: {place}" if self.by_node else f"repository: {case.name}"
        return (
            f"  - {case.fault}\n    at: {FAULT_AT_S}s\n    for: {FAULT_FOR_S}s\n"
            f"    where: {{{where}}}"
        )

    def case_of(self, rollout: str, node: str) -> str:
        """The case that a pod of `rollout` on `node` belongs to."""
        if self.by_node:
            return self.cases[int(node.rpartition("-")[2])].name
        return rollout.rpartition("-")[0]


def _two(name: str, first: Case, second: Case) -> Group:
    return Group(name=name, cases=(first, second), by_node=True, rounds=3)


ANSWERS: Final = Group(
    name="answers",
    cases=(
        Case(name="none"),
        Case(name="rate-limit", fault="pull_rate_limit: {limit: 0}"),
        Case(name="error-500", fault="server_errors: {status: 500}"),
        Case(name="error-502", fault="server_errors: {status: 502}"),
        Case(name="error-503", fault="server_errors: {status: 503}"),
        Case(name="scan-gate", fault="scan_gate: {status: 403}"),
    ),
)
TOKENS: Final = Group(
    name="tokens",
    cases=(
        Case(name="secret-expired", fault="expired_credentials: {mode: secret}"),
        Case(name="token-expired", fault="expired_credentials: {mode: token}"),
        Case(name="token-mute", fault="expired_credentials: {mode: token, error: none}"),
        Case(name="scope", fault="insufficient_scope:"),
        Case(name="tokens-down", fault="token_service_down:"),
    ),
)
BLOBS: Final = Group(
    name="blobs",
    cases=(
        Case(name="flipped", fault="corrupted_blob: {flip: 1}"),
        Case(name="cut-fin", fault="truncated_blob: {ending: fin}"),
        Case(name="cut-rst", fault="truncated_blob: {ending: rst}"),
    ),
)
PAIRS: Final = (
    _two(
        "names",
        Case(name="dns-nxdomain", fault="dns_nxdomain:"),
        Case(name="dns-servfail", fault="dns_servfail:"),
    ),
    _two(
        "connections",
        Case(name="refused", fault="connection_refused:"),
        Case(name="reset", fault="connection_reset:"),
    ),
    _two(
        "silence",
        Case(name="dns-timeout", fault="dns_timeout:"),
        Case(name="latency", fault="latency: {delay: 500ms}"),
    ),
)
GROUPS: Final[Sequence[Group]] = (ANSWERS, TOKENS, BLOBS, *PAIRS)
