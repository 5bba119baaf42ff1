"""Load orders as JSON and back: how they cross to Locust's processes."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from harness.load.orders import LoadOrders, LoadTarget

_ORDERS = TypeAdapter(LoadOrders)
_TARGET = TypeAdapter(LoadTarget)


def orders_json(orders: LoadOrders) -> str:
    """`orders` as JSON; they hold no secret."""
    return json.dumps(asdict(orders))


def orders_from(text: str) -> LoadOrders:
    """What `orders_json` wrote."""
    return _ORDERS.validate_json(text)


def target_from(data: Mapping[str, Any]) -> LoadTarget:
    """The target that `dataclasses.asdict` made plain."""
    return _TARGET.validate_python(data)
