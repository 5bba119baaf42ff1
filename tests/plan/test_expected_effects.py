"""How much each fault is expected to affect, and how likely it is nothing."""

import pytest

from harness.plan.expected_effects import ExpectedEffect
from tests.planned import TEXT, plan_of


def effect(fault: str) -> ExpectedEffect:
    [found] = plan_of(fault).effects
    return found


@pytest.mark.parametrize(
    ("fault", "unit", "in_scope", "affected", "none"),
    [
        # four nodes pull a config and four layers each
        ("corrupted_blob: {share: 20%}", "requests", 20, 4.0, 0.8**20),
        ("corrupted_blob: {share: 20%}, where: {layers: 1-2}", "requests", 8, 1.6, 0.8**8),
        ("corrupted_blob: {share: 20%}, where: {nodes: 0}", "requests", 5, 1.0, 0.8**5),
        # at rest a layer is drawn once for all who ask for it
        ("missing_blob: {on: rest, share: 50%}", "requests", 16, 8.0, 0.5**4),
        ("missing_tag: {on: wire, share: 50%}", "requests", 4, 2.0, 0.5**4),
        ("token_service_slow: {delay: 1s}", "requests", 8, 8.0, 0.0),
        ("corrupted_blob: {}, where: {first: 3}", "requests", 3, 3.0, 0.0),
        ("dns_delay: {delay: 1s, share: 50%}", "name lookups", 4, 2.0, 0.5**4),
        ("tls_timeout: {share: 50%}", "TLS handshakes", 8, 4.0, 0.5**8),
        # a share of the path chooses nodes, at least one
        ("latency: {delay: 1s, share: 1%}", "requests", 11, 11.0, 0.0),
        ("wrong_credentials: {}", "pulls", 4, 4.0, 0.0),
        ("image_garbage_collection: {}", "images on nodes", 4, 4.0, 0.0),
        ("registry_crash: {}", "requests", 44, 44.0, 0.0),
        # limits let through what is below them: 4 nodes with HEAD and GET, 4 x 8 MiB
        ("pull_rate_limit: {limit: 5}", "requests", 8, 3.0, 0.0),
        ("pull_rate_limit: {limit: 8}", "requests", 8, 0.0, 1.0),
        ("egress_quota: {limit: 16MiB}", "requests", 20, 10.0, 0.0),
        ("egress_quota: {limit: 33MiB}", "requests", 20, 0.0, 1.0),
    ],
)
def test_what_a_fault_is_expected_to_affect(
    fault: str, unit: str, in_scope: int, affected: float, none: float
) -> None:
    """One round of four nodes is in its time."""
    found = effect(fault)
    assert (found.unit, found.in_scope) == (unit, in_scope)
    assert found.affected == pytest.approx(affected)
    assert found.none_probability == pytest.approx(none)


def test_a_replica_that_no_node_reaches_is_known_before() -> None:
    """Which nodes the share chooses is decided by the seed."""
    text = TEXT.replace("nodes: 4", "nodes: 1").replace("name: x", "name: x\nseed: SEED")
    found = {
        plan_of("name_conflict: {per: node}", text.replace("SEED", str(seed))).effects[0]
        for seed in range(8)
    }
    assert {it.none_probability for it in found} == {0.0, 1.0}
