"""Services of a simulation are called directly: the same orders, without a process between."""

from typing import Any

from harness.process.child import ChildError
from harness.process.child_control import ControlChannel
from harness.process.control_channel import Orders, answer_to


class DirectControl(ControlChannel):
    """Obeys `orders`, those that the service has for its control channel."""

    def __init__(self, name: str, orders: Orders) -> None:
        super().__init__(name)
        self._orders = orders

    @property
    def alive(self) -> bool:
        return True

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """The answer to an order. Raises ChildError when it is refused."""
        answer = answer_to({"do": do, **fields}, self._orders)
        if "error" in answer:
            raise ChildError(f"{self._name}: {answer['error']}")
        return answer
