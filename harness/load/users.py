"""The Locust file: the only one that imports Locust, which patches its whole process.

Run as `python -m harness.load.users` with a control channel. The configuration says which part of
the load is this process's: all of it (`local`), none (`master`, which only coordinates), or every
n-th node and due pull (`worker`). Nodes and streams are Locust users; each pull is one of Locust's
requests.
"""

# ruff: noqa: E402, I001  stdin is read before Locust patches the process, and Locust comes first
from harness.process import control_channel

_CONFIG = control_channel.take_config() if __name__ == "__main__" else {}

import locust
from locust.env import Environment
from locust.exception import StopUser

import importlib
import signal
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import gevent
from gevent.event import AsyncResult, Event
from gevent.fileobject import FileObject

from harness.load.clients import pull_stream
from harness.load.context import LoadContext
from harness.load.counts import Counts, SlowCounts
from harness.load.order_codec import orders_from, target_from
from harness.load.node_changes import change_from
from harness.load.nodes import EmulatedNode
from harness.load.orders import LoadOrders
from harness.load.pushes import push_stream
from harness.load.samples_file import SampleWriter, SamplesLost
from harness.load.streams import clients_of

_TALLY_EVERY_S = 1.0
_WORKERS_WAIT_S = 30.0
_END_CHECK_S = 0.1
_GIVE_UP_S = 5.0


class Work(Protocol):
    """A node or a stream: something that runs until it has nothing left to do."""

    def run(self) -> None: ...


WORK: deque[Work] = deque()
DEALT = Event()  # the work is in the deque
DONE: list[Work] = []


class HarnessUser(locust.User):  # type: ignore[misc]  # Locust has no types
    """Takes one node or stream, lives its life, and stops."""

    @locust.task  # type: ignore[untyped-decorator]  # Locust has no types
    def live(self) -> None:
        DEALT.wait()
        if WORK:
            work = WORK.popleft()
            try:
                work.run()
            finally:
                DONE.append(work)
        raise StopUser


def partition(context: LoadContext, index: int, workers: int) -> list[Work]:
    """The nodes of worker `index` of `workers`, and its part of each stream."""
    orders = context.orders
    work: list[Work] = [EmulatedNode(node, context) for node in orders.nodes[index::workers]]
    for pulls in orders.pulls:
        clients, due = clients_of(pulls, index, workers)
        work += [pull_stream(pulls, due, clients, context)] if due else []
    for pushes in orders.pushes:
        clients, due = clients_of(pushes, index, workers)
        work += [push_stream(pushes, due, clients, context)] if due else []
    return work


def users_max(orders: LoadOrders, workers: int) -> int:
    """How many nodes and streams the worker with most of them has: the first one."""
    return len(orders.nodes[::workers]) + len(orders.streams())


class _Process:
    """One process of the load, from its configuration to its last message."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._role: str = config["role"]
        self._index: int = config.get("index", 0)
        self._workers: int = config.get("workers", 1)
        self._environment = Environment(user_classes=[HarnessUser], events=locust.events)
        self._stopping = Event()
        self._error = ""
        self._all_stopped = False  # by themselves
        self._began = AsyncResult()  # the run's start on the monotonic clock
        target = target_from(config["target"])
        self._samples = SampleWriter(Path(target.samples_folder), f"{self._role}{self._index}")
        orders = orders_from(Path(config["orders_path"]).read_text(encoding="utf-8"))
        self._context = LoadContext(
            orders=orders,
            target=target,
            samples=self._samples,
            counts=Counts(slow=SlowCounts(orders.slow_limits)),
            fire=self._fire,
            stopping=self._stopping,
        )

    def main(self) -> None:
        gevent.spawn(self._listen)
        gevent.signal_handler(signal.SIGTERM, self._stop)
        if self._role == "master":
            self._coordinate()
            return
        # A third of a second that must not fall into the nodes' schedule.
        importlib.import_module("pyarrow.parquet")
        if self._context.target.ca_pem:
            importlib.import_module("cryptography.x509")
        if self._role == "local":
            runner = self._environment.create_local_runner()
        else:
            port = self._config["master_port"]
            runner = self._environment.create_worker_runner("127.0.0.1", port)
        control_channel.tell({"ready": True})
        self._await_begin()
        work = partition(self._context, self._index, self._workers)
        WORK.extend(work)
        DEALT.set()
        self._environment.events.user_error.add_listener(self._broken)
        beats = gevent.spawn(self._beat)
        if self._role == "local":
            runner.start(max(1, len(work)), spawn_rate=1e6)
        self._await_end(len(work))
        beats.kill()
        self._finish()

    def _await_begin(self) -> None:
        """Until the harness says when the run begins: everybody is ready then."""
        start_s = self._began.get()
        target = replace(self._context.target, clock_start_s=start_s)
        self._context = replace(self._context, target=target)

    def _stop(self) -> None:
        self._stopping.set()
        if not self._began.ready():
            self._began.set(time.monotonic())

    def _broken(self, exception: Exception, **_: Any) -> None:
        """A node or stream raised what nobody expected; Locust has logged where."""
        self._error = f"{type(exception).__name__}: {exception}"
        self._stopping.set()

    def _coordinate(self) -> None:
        """Locust's master: has the workers spawn once all are there, and stays until released.

        Users are dealt out evenly; there are enough for the worker with most to do, and those
        without work stop at once.
        """
        runner = self._environment.create_master_runner("127.0.0.1", self._config["master_port"])
        control_channel.tell({"ready": True})
        self._await_begin()
        with gevent.Timeout(_WORKERS_WAIT_S, exception=False):
            while len(runner.clients.ready) < self._workers and not self._stopping.is_set():
                gevent.sleep(0.05)
        most = users_max(self._context.orders, self._workers)
        runner.start(most * self._workers, spawn_rate=1e6)
        self._stopping.wait()
        runner.quit()
        control_channel.tell({"done": {"complete": True, "error": ""}})

    def _listen(self) -> None:
        """The control channel, in gevent's way: a thread would stop the whole process."""
        orders: control_channel.Orders = {
            "begin": self._begin,
            "stop": lambda _: self._stop(),
            "change": self._change,
            "restore": self._restore,
        }
        try:
            for line in FileObject(sys.stdin.fileno(), "rb", close=False):
                if (message := control_channel.message_in(line)) is None:
                    continue
                answer = control_channel.answer_to(message, orders)
                if "id" in message:
                    control_channel.tell(answer)
        finally:
            self._stop()

    def _begin(self, order: Mapping[str, Any]) -> None:
        self._began.set(order["clock_start_s"])

    def _change(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a change of nodes, whose deadline is kept here."""
        changes = self._context.changes
        change = change_from(order["change"])
        changes.begin(change)
        left_s = max(0.0, change.deadline_s - time.monotonic())
        gevent.spawn_later(left_s, changes.end, change.name)
        return {"bites": dict(changes.bites)}

    def _restore(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self._context.changes.end(order["name"])
        return {"bites": dict(self._context.changes.bites)}

    def _beat(self) -> None:
        """Write samples and tell the tally while the load goes on."""
        while True:
            gevent.sleep(_TALLY_EVERY_S)
            self._tell_tally()
            try:
                self._samples.flush_due(self._context.now_s())
            except SamplesLost as lost:
                self._error = str(lost)
                self._stopping.set()
                return

    def _tell_tally(self) -> None:
        context = self._context
        control_channel.tell(
            {"tally": context.counts.taken(context.now_s()), "bites": dict(context.changes.bites)}
        )

    def _await_end(self, users: int) -> None:
        """Until every user is done, or the load must end; then what is open is given up."""
        while len(DONE) < users and not self._stopping.wait(_END_CHECK_S):
            if self._context.now_s() >= self._context.orders.until_s:
                self._stopping.set()
        self._all_stopped = not self._stopping.is_set()
        self._environment.runner.user_greenlets.kill(timeout=_GIVE_UP_S)

    def _finish(self) -> None:
        counts = self._context.counts
        try:
            self._samples.flush()
        except SamplesLost as lost:
            self._error = self._error or str(lost)
        self._tell_tally()
        ready = counts.pods_ready == counts.pods_created
        complete = self._all_stopped and ready and not self._error
        control_channel.tell({"done": {"complete": complete, "error": self._error}})

    def _fire(self, name: str, seconds: float, received_bytes: int, error: str) -> None:
        self._environment.events.request.fire(
            request_type="OCI",
            name=name,
            response_time=seconds * 1000,
            response_length=received_bytes,
            exception=RuntimeError(error) if error else None,
            context={},
        )


if __name__ == "__main__":
    control_channel.raise_open_file_limit()
    _Process(_CONFIG).main()
