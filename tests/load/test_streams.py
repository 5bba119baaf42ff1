"""Streams: who is started when, who finds every client busy, and how workers share them."""

import time
from collections import deque
from typing import cast

import gevent
import pytest
from gevent.event import Event
from hypothesis import given
from hypothesis import strategies as st

from harness.load.context import LoadContext
from harness.load.orders import PullsOrder, PushesOrder, clients_max
from harness.load.streams import Arrival, Stream, clients_of


@given(
    users=st.integers(min_value=1, max_value=20),
    workers=st.integers(min_value=1, max_value=8),
    pulls=st.integers(min_value=0, max_value=50),
)
def test_every_client_and_every_due_pull_belongs_to_one_worker(
    users: int, workers: int, pulls: int
) -> None:
    """None twice, none lost, none due for a worker without a client; the first has most."""
    due_s = tuple(float(number) for number in range(pulls))
    order = PullsOrder(name="pulls-1", image="app", users=users, due_s=due_s)
    shares = [clients_of(order, index, workers) for index in range(workers)]
    assert sum(clients for clients, _ in shares) == users
    assert sorted(due for _, theirs in shares for due in theirs) == list(enumerate(due_s))
    assert all(clients or not theirs for clients, theirs in shares)
    assert shares[0][0] == max(clients for clients, _ in shares)


class _Context:
    """A clock and a flag, as far as a stream needs them."""

    def __init__(self) -> None:
        self.stopping = Event()
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._start_s

    def sleep_until(self, at_s: float) -> bool:
        return not self.stopping.wait(max(0.0, at_s - self.now_s()))


def _played(
    due_s: list[float], clients: int, work_s: float, until_s: float = 10.0
) -> tuple[list[Arrival], list[Arrival]]:
    """The arrivals that were carried out and those that never began."""
    context, begun, unbegun = _Context(), list[Arrival](), list[Arrival]()

    def carry_out(arrival: Arrival) -> None:
        begun.append(arrival)
        gevent.sleep(work_s)

    stream = Stream(
        deque(enumerate(due_s)),
        clients,
        cast("LoadContext", context),
        carry_out=carry_out,
        never_began=unbegun.append,
    )
    running = gevent.spawn(stream.run)
    running.join(until_s)
    context.stopping.set()
    running.kill()
    return begun, unbegun


def test_who_finds_every_client_busy_is_known() -> None:
    """One client, 0.3 s each: the second and third wait, the fourth comes when it is free."""
    begun, _ = _played([0.0, 0.1, 0.15, 1.5], clients=1, work_s=0.3)
    waits = [arrival.waited_s for arrival in begun]
    assert waits[0] == waits[3] == 0
    assert waits[1] == pytest.approx(0.2, abs=0.15)
    assert waits[2] == pytest.approx(0.45, abs=0.2)


def test_clients_are_made_as_needed() -> None:
    """Thirty at once, none waits."""
    begun, _ = _played([0.0] * 30, clients=clients_max(_pulls(users=None)), work_s=0.3)
    assert [arrival.waited_s for arrival in begun] == [0.0] * 30


def test_what_was_due_and_never_began_is_recorded() -> None:
    """The load ends while the only client is busy; what was not due yet is no arrival."""
    begun, unbegun = _played([0.0, 0.1, 99.0], clients=1, work_s=60, until_s=0.5)
    assert [arrival.number for arrival in begun] == [0]
    assert [arrival.number for arrival in unbegun] == [1]
    assert unbegun[0].waited_s >= 0.3


def test_what_a_client_raises_is_raised() -> None:
    """An internal error must not pass for a pull that failed."""

    def broken(arrival: Arrival) -> None:
        raise ZeroDivisionError(arrival.number)

    context = cast("LoadContext", _Context())
    stream = Stream(deque([(0, 0.0)]), 1, context, carry_out=broken, never_began=broken)
    with pytest.raises(ZeroDivisionError):
        stream.run()


def test_pushes_as_needed_fit_into_memory() -> None:
    """A push holds its blob; `users` is what the user says."""
    pushes = PushesOrder(name="p", repository="r", blob_bytes=256 << 20, users=None, due_s=())
    assert clients_max(pushes) == 4
    assert clients_max(_pulls(users=7)) == 7


def _pulls(users: int | None) -> PullsOrder:
    return PullsOrder(name="pulls-1", image="app", users=users, due_s=())
