"""The clocks that services go by: the machine's own, or a simulation's."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

# When a simulation begins: a moment of its own, so that what it says of time is always the same.
_SIMULATED_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_source: ContextVar[Callable[[], float]] = ContextVar("clock", default=time.monotonic)


def monotonic_s() -> float:
    """Seconds since a moment that stays the same as long as the process lives."""
    return _source.get()()


def utc_now() -> datetime:
    """The time of day. In a simulation it goes on with its monotonic clock."""
    source = _source.get()
    if source is time.monotonic:
        return datetime.now(UTC)
    return _SIMULATED_EPOCH + timedelta(seconds=source())


@contextmanager
def clock_of(source: Callable[[], float]) -> Iterator[None]:
    """Let everything in this context go by `source` until the block is left."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
