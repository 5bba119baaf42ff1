"""An environment refuses, by name, the faults that it has no seam for."""

from dataclasses import replace

import pytest

from harness.scenario import read_held_fault
from harness.scenario.fault_support import FaultSupport

ALL = FaultSupport(
    link="embedded", provider="embedded", tls=True, logins="bearer", cluster="emulated"
)
CLIENTS = replace(ALL, clients_only=True)
EXISTING = replace(ALL, cluster="existing")


@pytest.mark.parametrize(
    ("support", "fault", "said"),
    [
        (replace(ALL, logins="none"), "token_service_down:", "is about logins"),
        (replace(ALL, logins="none"), "wrong_credentials:", "is about logins"),
        (replace(ALL, logins="basic"), "clock_skew: {by: 10m}", "is about tokens"),
        (replace(ALL, link="none"), "partition:", "needs a link"),
        (replace(ALL, link="toxiproxy"), "firewall_drop:", "needs the embedded link"),
        (replace(ALL, provider="distribution"), "missing_tag: {on: rest}", "stored content"),
        (replace(ALL, tls=False), "tls_timeout:", "needs environment.registry.tls: true"),
        (EXISTING, "dns_refused:", "the harness's resolver"),
        (EXISTING, "pull_qps:", "not allowed with provider: existing"),
        (CLIENTS, "pull_qps:", "`harness up` has none"),
        (CLIENTS, "wrong_credentials:", "`harness up` has none"),
    ],
)
def test_what_cannot_be_injected_is_reported(support: FaultSupport, fault: str, said: str) -> None:
    """In one sentence; where there is all of it, nothing is told."""
    [problem] = support.problems(read_held_fault(fault, nodes=2).fault)
    assert said in problem
    assert list(ALL.problems(read_held_fault(fault, nodes=2).fault)) == []


def test_an_existing_cluster_takes_other_credentials() -> None:
    """They are objects of Kubernetes; its nodes stay as they are."""
    assert list(EXISTING.problems(read_held_fault("wrong_credentials:", nodes=2).fault)) == []
