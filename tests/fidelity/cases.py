"""What real and emulated nodes are asked to do alike: one fault for 30 s, and a rollout in it.

Faults of the gateway are scoped by repository, so that many can be on at once; those of the link
and the resolver by node, one on each. Few pods begin at once: real ones need a processor to start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

FAULT_AT_S: Final = 2
FAULT_FOR_S: Final = 30
ROLLOUT_AT_S: Final = 4
NODES: Final = 4
PODS: Final = 2  # of a case in one run


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault, as a scenario says it ("" for none). `name` is its rollout's and image's."""

    name: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Cases of one run.

    `scope`: each case has a `repository` of its own; or they share the nodes evenly; or the only
    case is for `all`.
    """

    name: str
    cases: tuple[Case, ...]
    scope: Literal["repository", "node", "all"] = "repository"
    tls: bool = False

    def scenario(self) -> str:
        """The scenario file. The kubelet's own limit of pulls is off, but for the fault of it."""
        if self.scope == "repository":
            names, replicas = [case.name for case in self.cases], PODS
        else:  # a pod of each image on each node
            names, replicas = [f"app-{number}" for number in range(1, PODS + 1)], NODES
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
                    f"    - {{name: {name}, image: {name}, replicas: {replicas},"
                    f" at: {ROLLOUT_AT_S}s}}"
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
        each = NODES // len(self.cases) or 1
        nodes = f"{place * each}-{place * each + each - 1}"
        where = {"repository": f"repository: {case.name}", "node": f'nodes: "{nodes}"'}
        if self.scope != "all":
            lines.append(f"    where: {{{where[self.scope]}}}")
        return "\n".join(lines)

    def case_of(self, repository: str, node: str) -> str:
        """The case that a pod or request for `repository` on `node` belongs to."""
        if self.scope == "node":
            return self.cases[int(node.rpartition("-")[2]) * len(self.cases) // NODES].name
        return self.cases[0].name if self.scope == "all" else repository


def _by_repository(name: str, faults: Mapping[str, str]) -> Group:
    """`faults` by the name of their cases."""
    cases = tuple(Case(name=case, fault=fault) for case, fault in faults.items())
    return Group(name=name, cases=cases)


def _by_node(name: str, *faults: str, tls: bool = False) -> Group:
    """A fault on each node; a case is named as its fault."""
    cases = tuple(Case(name=_named(fault), fault=fault) for fault in faults)
    return Group(name=name, cases=cases, scope="node", tls=tls)


def _all(fault: str) -> Group:
    """One fault for all nodes."""
    case = Case(name=_named(fault), fault=fault)
    return Group(name=case.name.replace("_", "-"), cases=(case,), scope="all")


def _named(fault: str) -> str:
    return fault.partition(":")[0]


GROUPS: Final = (
    _by_repository(
        "answers",
        {
            "rate-limit": "pull_rate_limit: {limit: 0}",
            "error-500": "server_errors: {status: 500}",
            "error-502": "server_errors: {status: 502}",
            "error-503": "server_errors: {status: 503}",
            "scan-gate": "scan_gate: {status: 403}",
        },
    ),
    _by_repository(
        "tokens",
        {
            "secret-expired": "expired_credentials: {mode: secret}",
            "token-expired": "expired_credentials: {mode: token}",
            "token-mute": "expired_credentials: {mode: token, error: none}",
            "scope": "insufficient_scope:",
            "tokens-down": "token_service_down:",
        },
    ),
    _by_repository(
        "blobs",
        {
            "none": "",
            "flipped": "corrupted_blob: {flip: 1}",
            "cut-fin": "truncated_blob: {ending: fin}",
            "cut-rst": "truncated_blob: {ending: rst}",
            "egress": "egress_quota: {limit: 1MB, window: 60s, status: 429}",
        },
    ),
    _by_repository(
        "content",
        {
            "blob-missing": "missing_blob: {on: rest}",
            "manifest-garbled": "corrupted_manifest: {on: wire}",
            "tag-missing": "missing_tag: {on: rest}",
            "digest-header": "wrong_digest_header:",
            "platform": "wrong_platform: {on: wire, tag: index}",
            "half-uploaded": "incomplete_upload:",
        },
    ),
    _by_repository(
        "names",
        {
            "renamed": "renamed_repository: {suffix: -v2}",
            "gone": "missing_repository: {on: rest}",
            "forbidden": "invalid_name:",
            "clocks": "clock_skew: {registry: behind, by: 10m}",
            "realm": "wrong_token_realm: {wrong: path}",
            "unscanned": "scan_gate: {status: 412}",
        },
    ),
    _by_repository(
        "slow",
        {
            "error-504": "server_errors: {status: 504}",
            "tokens-slow": "token_service_slow: {delay: 500ms}",
            "first-byte": "slow_first_byte: {delay: 300ms}",
            "storage": "redirect_to_slow_storage: {delay: 100ms, rate: 2MB/s}",
        },
    ),
    _by_repository(
        "wrong-versions",
        {
            "moved": "moved_tag: {to: another}",
            "two-replicas": "name_conflict: {per: node}",
            "overloaded": "overloaded_registry: {at_once: 1, service: 100ms}",
        },
    ),
    _by_node("answers-of-dns", "dns_nxdomain:", "dns_servfail:", "dns_refused:", "dns_truncated:"),
    _by_node(
        "times-of-dns",
        "dns_timeout:",
        "dns_delay: {delay: 2s}",
        "dns_flapping: {wrong: 8s, right: 22s}",
        "dns_wrong_address: {address: 127.0.0.9}",
    ),
    _by_node(
        "connections",
        "connection_refused:",
        "connection_reset:",
        "connection_timeout: {after: 100ms}",
        "connection_limit: {limit: 2, per: node, answer: reset}",
    ),
    _by_node(
        "slow-links",
        "latency: {delay: 500ms}",
        "bandwidth: {rate: 1MB/s}",
        "slicing: {size: 8KiB, variation: 1KiB, delay: 5ms}",
        "region_latency: {round_trip: 120ms}",
    ),
    _by_node(
        "broken-links",
        "partition:",
        "firewall_drop:",
        "flapping_link: {down: 8s, up: 22s}",
        "data_limit: {limit: 500KB}",
    ),
    _by_node(
        "nodes",
        "slow_close: {delay: 2s}",
        "wrong_mirror:",
        "node_disk_full: {free: 64KiB}",
        "pull_qps: {qps: 1, burst: 1}",
    ),
    _by_node("hosts", "wrong_registry_url: {part: port}", "dead_mirror: {mode: refused}"),
    _by_node(
        "certificates",
        "expired_certificate: {ago: 1h}",
        "wrong_certificate_name:",
        "unknown_authority:",
        "tls_timeout:",
        tls=True,
    ),
    _all("wrong_credentials:"),
    _all("missing_credentials:"),
    _all("registry_crash:"),
    _all("registry_pause:"),
)
