"""What real and emulated nodes are asked to do alike: one fault for 30 s, and a rollout in it.

Faults of the gateway are scoped by repository, so that many can be on at once; those of the link
and the resolver by node, one on each of the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

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
    """Cases of one run.

    `scope`: each case has a `repository` of its own; or case n is on `node` n; or the only case is
    for `all`. `rounds`: images of a case that is not scoped by repository, as more samples.
    `once`: one run tells enough.
    """

    name: str
    cases: tuple[Case, ...]
    scope: Literal["repository", "node", "all"] = "repository"
    rounds: int = 3
    tls: bool = False
    once: bool = False

    def scenario(self) -> str:
        """The scenario file. The kubelet's own limit of pulls is off, but for the fault of it."""
        if self.scope == "repository":
            names = [case.name for case in self.cases]
        else:
            names = [f"app-{number}" for number in range(1, self.rounds + 1)]
        faults = [self._fault(case, place) for place, case in enumerate(self.cases) if case.fault]
        return "\n".join(
            [
                f"name: {self.name}",
                "environment:",
                f"  registry: {{tls: {str(self.tls).lower()}}}",
                f"  cluster: {{nodes: {NODES}, registry_pull_qps: 0}}",
                "images:",
                *(f"  {name}: {{size: 2MiB, layers: 2}}" for name in names),
                "load:",
                "  give_up: 120s",
                "  rollouts:",
                *(
                    f"    - {{name: {name}, image: {name}, replicas: {NODES}, at: {ROLLOUT_AT_S}s}}"
                    for name in names
                ),
                "faults:" if faults else "faults: []",
                *faults,
                "expect:",
                "  - {metric: pods_ready, at_least: 100%}",
                "",
            ]
        )

    def _fault(self, case: Case, place: int) -> str:
        lines = [f"  - {case.fault}", f"    at: {FAULT_AT_S}s", f"    for: {FAULT_FOR_S}s"]
        where = {"repository": f"repository: {case.name}", "node": f"nodes: {place}"}
        if self.scope != "all":
            lines.append(f"    where: {{{where[self.scope]}}}")
        return "\n".join(lines)

    def case_of(self, repository: str, node: str) -> str:
        """The case that a pod or request for `repository` on `node` belongs to."""
        if self.scope == "node":
            return self.cases[int(node.rpartition("-")[2])].name
        return self.cases[0].name if self.scope == "all" else repository


def _two(first: str, second: str, *, tls: bool = False, once: bool = True) -> Group:
    """A fault on each of the two nodes; a case is named as its fault, with what sets it apart."""
    cases = tuple(Case(name=_named(fault), fault=fault) for fault in (first, second))
    name = "-and-".join(case.name.partition(" ")[0].replace("_", "-") for case in cases)
    return Group(name=name, cases=cases, scope="node", tls=tls, once=once)


def _all(fault: str) -> Group:
    """One fault for both nodes."""
    case = Case(name=_named(fault), fault=fault)
    return Group(name=case.name.replace("_", "-"), cases=(case,), scope="all", once=True)


def _named(fault: str) -> str:
    return fault.partition(":")[0]


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
CONTENT: Final = Group(
    name="content",
    once=True,
    cases=(
        Case(name="blob-missing", fault="missing_blob: {on: rest}"),
        Case(name="manifest-garbled", fault="corrupted_manifest: {on: wire}"),
        Case(name="tag-missing", fault="missing_tag: {on: rest}"),
        Case(name="digest-header", fault="wrong_digest_header:"),
        Case(name="platform", fault="wrong_platform: {on: wire, tag: index}"),
        Case(name="half-uploaded", fault="incomplete_upload:"),
    ),
)
NAMES: Final = Group(
    name="names",
    once=True,
    cases=(
        Case(name="renamed", fault="renamed_repository: {suffix: -v2}"),
        Case(name="gone", fault="missing_repository: {on: rest}"),
        Case(name="forbidden", fault="invalid_name:"),
        Case(name="clocks", fault="clock_skew: {registry: behind, by: 10m}"),
        Case(name="realm", fault="wrong_token_realm: {wrong: path}"),
        Case(name="unscanned", fault="scan_gate: {status: 412}"),
    ),
)
SLOW: Final = Group(
    name="slow",
    once=True,
    cases=(
        Case(name="error-504", fault="server_errors: {status: 504}"),
        Case(name="egress", fault="egress_quota: {limit: 1MB, window: 60s, status: 429}"),
        Case(name="tokens-slow", fault="token_service_slow: {delay: 500ms}"),
        Case(name="first-byte", fault="slow_first_byte: {delay: 300ms}"),
        Case(name="storage", fault="redirect_to_slow_storage: {delay: 100ms, rate: 2MB/s}"),
    ),
)
OFTEN: Final = (
    ANSWERS,
    TOKENS,
    BLOBS,
    _two("dns_nxdomain:", "dns_servfail:", once=False),
    _two("connection_refused:", "connection_reset:", once=False),
    _two("dns_timeout:", "latency: {delay: 500ms}", once=False),
)
ONCE: Final = (
    CONTENT,
    NAMES,
    SLOW,
    _two("dns_refused:", "dns_wrong_address: {address: 127.0.0.9}"),
    _two("dns_delay: {delay: 2s}", "dns_truncated:"),
    _two("dns_flapping: {wrong: 2s, right: 3s}", "flapping_link: {down: 2s, up: 3s}"),
    _two("bandwidth: {rate: 1MB/s}", "slicing: {size: 8KiB, variation: 1KiB, delay: 5ms}"),
    _two("connection_timeout: {after: 100ms}", "slow_close: {delay: 2s}"),
    _two("partition:", "firewall_drop:"),
    _two("data_limit: {limit: 500KB}", "region_latency: {round_trip: 120ms}"),
    _two("expired_certificate: {ago: 1h}", "wrong_certificate_name:", tls=True),
    _two("unknown_authority:", "tls_timeout:", tls=True),
    _two("wrong_registry_url: {part: port}", "dead_mirror: {mode: refused}"),
    _two("wrong_mirror:", "node_disk_full: {free: 64KiB}"),
    _two("pull_qps: {qps: 1, burst: 1}", "connection_limit: {limit: 2, per: node, answer: reset}"),
    _all("wrong_credentials:"),
    _all("missing_credentials:"),
    _all("registry_crash:"),
    _all("registry_pause:"),
)
GROUPS: Final[Sequence[Group]] = (*OFTEN, *ONCE)
