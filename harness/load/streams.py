"""An open model: each pull or push of a stream starts when it is due, whoever is late."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gevent.pool import Pool

from harness.load.context import LoadContext
from harness.load.orders import PullsOrder, PushesOrder, clients_max

Due = deque[tuple[int, float]]  # number and time of what nobody has taken yet


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A pull or push that was due. `waited_s`: how long of that no client was free to start it."""

    number: int
    due_s: float
    waited_s: float = 0.0


Client = Callable[[Arrival], None]


def clients_of(stream: PullsOrder | PushesOrder, index: int, workers: int) -> tuple[int, Due]:
    """How many clients of `stream` worker `index` of `workers` has, and what is due for them.

    A stream with fewer clients than workers belongs to the first workers alone.
    """
    most = clients_max(stream)
    owners = min(most, workers)
    if index >= owners:
        return 0, deque()
    clients = len(range(index, most, owners))
    return clients, deque(list(enumerate(stream.due_s))[index::owners])


class Stream:
    """Starts a client for each arrival at its due time, or as soon as one of `clients` is free.

    It knows for certain why an arrival is late: all clients were busy (`waited_s`), or else this
    process woke late.
    """

    def __init__(
        self,
        due: Due,
        clients: int,
        context: LoadContext,
        *,
        carry_out: Client,
        never_began: Client,
    ) -> None:
        self._due = due
        self._pool = Pool(clients)
        self._context = context
        self._carry_out = carry_out
        self._never_began = never_began
        self._internal_error: BaseException | None = None  # what a client raised

    def run(self) -> None:
        """Start what is due until nothing is left or the load is over; then record the rest.

        It raises what a client raised: an internal error must not pass for a pull that failed.
        """
        try:
            self._start_all()
            self._pool.join()
        finally:
            self._pool.kill()
            self._record_the_rest()
        if self._internal_error is not None:
            raise self._internal_error

    def _start_all(self) -> None:
        busy_until_s = 0.0  # until then every client was busy
        while self._due and self._internal_error is None:
            number, due_s = self._due[0]
            if not self._context.sleep_until(due_s):
                return
            if self._pool.full():
                self._pool.wait_available()
                busy_until_s = self._context.now_s()
                if self._context.stopping.is_set():
                    return
            self._due.popleft()
            waited_s = max(0.0, busy_until_s - due_s)
            self._pool.spawn(self._live, Arrival(number=number, due_s=due_s, waited_s=waited_s))

    def _live(self, arrival: Arrival) -> None:
        try:
            self._carry_out(arrival)
        except Exception as error:  # noqa: BLE001  raised by `run`
            self._internal_error = error

    def _record_the_rest(self) -> None:
        """Arrivals that were due, and for which no client was free until the load ended."""
        now_s = self._context.now_s()
        for number, due_s in self._due:
            if due_s > now_s:
                return
            self._never_began(Arrival(number=number, due_s=due_s, waited_s=now_s - due_s))
