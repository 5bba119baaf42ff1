"""Load orders as JSON and back: how they cross to Locust's processes."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.load.orders import (
    LoadOrders,
    LoadTarget,
    NodeEndpoint,
    NodeSettings,
    PodOrder,
    PullsOrder,
    PushesOrder,
    RolloutOrder,
)


def orders_json(orders: LoadOrders) -> str:
    """`orders` as JSON; they hold no secret."""
    return json.dumps(asdict(orders))


def orders_from(text: str) -> LoadOrders:
    """What `orders_json` wrote."""
    data = json.loads(text)
    return LoadOrders(
        **{
            **data,
            "nodes": tuple(data["nodes"]),
            "node_settings": NodeSettings(**data["node_settings"]),
            "rollouts": tuple(
                RolloutOrder(
                    **{**rollout, "pods": tuple(PodOrder(**pod) for pod in rollout["pods"])}
                )
                for rollout in data["rollouts"]
            ),
            "pulls": tuple(PullsOrder(**_tuple(it)) for it in data["pulls"]),
            "pushes": tuple(PushesOrder(**_tuple(it)) for it in data["pushes"]),
        }
    )


def _tuple(stream: Mapping[str, Any]) -> dict[str, Any]:
    return {**stream, "due_s": tuple(stream["due_s"])}


def target_from(data: Mapping[str, Any]) -> LoadTarget:
    """The target that `dataclasses.asdict` made plain."""
    endpoints = {node: NodeEndpoint(**endpoint) for node, endpoint in data["endpoints"].items()}
    return LoadTarget(**{**data, "endpoints": endpoints})
