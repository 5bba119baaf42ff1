"""Orders cross to Locust's processes as JSON and come out as they went in."""

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from harness.load.order_codec import orders_from, orders_json, target_from
from harness.load.orders import (
    CLIENTS_NODE,
    LoadOrders,
    LoadTarget,
    NodeEndpoint,
    PodOrder,
    PullsOrder,
    PushesOrder,
    RolloutOrder,
)
from harness.node.settings import NodeSettings

_WORDS = st.text(max_size=8)
_SECONDS = st.floats(min_value=0, allow_nan=False)
_DUE = st.lists(_SECONDS, max_size=3).map(tuple)
_COUNTS = st.integers(min_value=1, max_value=9)


def _tuples(items: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(items, max_size=3).map(tuple)


_ORDERS = st.builds(
    LoadOrders,
    seed=st.integers(),
    until_s=_SECONDS,
    nodes=_tuples(_WORDS),
    node_settings=st.builds(NodeSettings, serialize_image_pulls=st.booleans()),
    rollouts=_tuples(
        st.builds(
            RolloutOrder,
            rollout=_WORDS,
            name=_WORDS,
            round=_COUNTS,
            at_s=_SECONDS,
            image=_WORDS,
            pull_policy=st.sampled_from(("IfNotPresent", "Always")),
            pods=_tuples(st.builds(PodOrder, pod=_WORDS, node=_WORDS)),
        )
    ),
    pulls=_tuples(st.builds(PullsOrder, name=_WORDS, image=_WORDS, users=_COUNTS, due_s=_DUE)),
    pushes=_tuples(
        st.builds(
            PushesOrder,
            name=_WORDS,
            repository=_WORDS,
            blob_bytes=_COUNTS,
            users=_COUNTS,
            due_s=_DUE,
        )
    ),
)


@given(_ORDERS)
def test_orders_come_back_as_they_were(orders: LoadOrders) -> None:
    """Every number, text and tuple, and its type."""
    assert orders_from(orders_json(orders)) == orders


def test_a_target_comes_back_as_it_was() -> None:
    """It crosses as the plain data of `asdict`, through JSON on stdin."""
    target = LoadTarget(
        registry_name="registry.harness.test",
        scheme="http",
        resolver_address="127.0.0.1",
        endpoints={CLIENTS_NODE: NodeEndpoint(link_port=1, resolver_port=2)},
        username="harness",
        password="secret",
        clock_start_s=12.5,
        samples_folder="samples",
    )
    assert target_from(json.loads(json.dumps(asdict(target)))) == target
