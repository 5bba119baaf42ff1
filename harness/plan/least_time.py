"""The least time that the pulls of a plan take: what limits them, when nothing goes wrong.

Each bound counts one thing alone, as if everything else were free: no plan can be quicker than the
largest of them. Pods on real nodes take longer, for their sandboxes and probes.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.environment.registry_settings import RegistrySettings
from harness.gateway.network_limits import NetworkLimits
from harness.load.orders import CLIENTS_NODE, LoadOrders
from harness.plan.traffic import Traffic
from harness.plan.warnings import PlanWarning
from harness.registry.profile import Limits
from harness.units import about_text, duration_text, rate_text


@dataclass(frozen=True, kw_only=True)
class Bound:
    """`limit` is what binds, as a key of the scenario; `why` is the sum behind `least_s`."""

    limit: str
    least_s: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What the pulls of pods ask of the registry; `node_bytes`: the most of one node."""

    pulls: int
    requests: int
    total_bytes: int
    node_bytes: int


def demand_of(traffic: Traffic) -> Demand:
    """Background clients have a time of their own, and are left out."""
    pulls = requests = 0
    of_nodes: Counter[str] = Counter()
    for _, call in traffic.timed():
        if call.node == CLIENTS_NODE:
            continue
        asks = traffic.asks(call.image, call.does)
        pulls += call.does == "pull"
        requests += len(asks)
        of_nodes[call.node] += sum(it.body_bytes for it in asks)
    return Demand(
        pulls=pulls,
        requests=requests,
        total_bytes=of_nodes.total(),
        node_bytes=max(of_nodes.values(), default=0),
    )


def least_times(traffic: Traffic, registry: RegistrySettings) -> tuple[Bound, ...]:
    """Every bound that is known, the one that binds first. None: nothing is limited."""
    bounds = [*network_bounds(traffic, registry)]
    if registry.limits is not None:
        bounds += _of_quotas(demand_of(traffic), registry.limits)
    return tuple(sorted(bounds, key=lambda it: -it.least_s))


def network_bounds(traffic: Traffic, registry: RegistrySettings) -> tuple[Bound, ...]:
    """Those of the network alone: quotas have a warning of their own."""
    bounds = _of_network(demand_of(traffic), registry.network)
    return tuple(sorted(bounds, key=lambda it: -it.least_s))


def give_up_warning(bounds: tuple[Bound, ...], load: LoadOrders) -> PlanWarning | None:
    """When pods cannot be Ready before the run gives up on them."""
    first_s = min((it.at_s for it in load.rollouts), default=0.0)
    if not bounds or first_s + bounds[0].least_s <= load.until_s:
        return None
    bound = bounds[0]
    text = (
        f"the run gives up after {about_text(load.until_s)}, and pods need at least "
        f"{about_text(bound.least_s)}: {bound.limit}, {bound.why}"
    )
    return PlanWarning(path=("load", "give_up"), text=text)


def _of_network(demand: Demand, network: NetworkLimits) -> Iterator[Bound]:
    requests = f"{demand.requests:,} requests"
    if (rate := network.egress_bytes_per_s) is not None:
        yield Bound(
            limit="network.egress",
            least_s=demand.total_bytes / rate,
            why=f"{_gb(demand.total_bytes)} at {rate_text(rate)}",
        )
    if (rate := network.node_bytes_per_s) is not None:
        yield Bound(
            limit="network.node",
            least_s=demand.node_bytes / rate,
            why=f"{_gb(demand.node_bytes)} of one node at {rate_text(rate)}",
        )
    if network.requests_per_s is not None:
        yield Bound(
            limit="network.requests_per_s",
            least_s=demand.requests / network.requests_per_s,
            why=f"{requests} at {network.requests_per_s:g}/s",
        )
    if network.at_once is not None and network.service_s:
        yield Bound(
            limit="network.at_once",
            least_s=demand.requests * network.service_s / network.at_once,
            why=f"{requests} of {duration_text(network.service_s)}, {network.at_once} at a time",
        )


def _of_quotas(demand: Demand, limits: Limits) -> Iterator[Bound]:
    if limits.pulls is not None:
        windows = math.ceil(demand.pulls / limits.pulls) - 1 if limits.pulls else math.inf
        yield Bound(
            limit="registry.quotas.pulls",
            least_s=max(0, windows) * limits.window_s if demand.pulls else 0.0,
            why=f"{demand.pulls:,} pulls, {limits.pulls:,} in {duration_text(limits.window_s)}",
        )
    if limits.requests_per_s is not None:
        yield Bound(
            limit="registry.quotas.requests_per_s",
            least_s=demand.requests / limits.requests_per_s,
            why=f"{demand.requests:,} requests at {limits.requests_per_s:g}/s",
        )


def _gb(count: int) -> str:
    billions = count / 1e9
    return f"{billions:,.3g} GB" if billions >= 1 else f"{count / 1e6:,.3g} MB"
