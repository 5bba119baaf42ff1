"""CPU share and memory of a run's processes, to tell whether the generator was fit to judge."""

import asyncio
from collections.abc import Callable, Mapping

import psutil

from harness.process.child import Child
from harness.recording.events import Event, GeneratorHealth

_EVERY_S = 1.0


async def sample_health(
    children: Callable[[], Mapping[str, Child]],
    now_s: Callable[[], float],
    record: Callable[[Event], None],
) -> None:
    """Record a `GeneratorHealth` for the harness and each child every second, until cancelled.

    A child that started others (Locust's workers) is sampled with its family.
    """
    watched: dict[int, psutil.Process] = {}
    while True:
        for name, process in _processes(children(), watched):
            try:
                share = process.cpu_percent(interval=None) / 100
                resident_bytes = process.memory_info().rss
            except psutil.Error:
                continue
            record(
                GeneratorHealth(
                    at_s=now_s(), process=name, cpu_share=share, resident_bytes=resident_bytes
                )
            )
        await asyncio.sleep(_EVERY_S)


def _processes(
    children: Mapping[str, Child], watched: dict[int, psutil.Process]
) -> list[tuple[str, psutil.Process]]:
    """The harness and its living children; each keeps its object: psutil counts between calls."""
    found = [("harness", watched.setdefault(0, psutil.Process()))]
    for name, child in children.items():
        try:
            process = watched.setdefault(child.pid, psutil.Process(child.pid))
        except psutil.Error:
            continue
        found.append((name, process))
    return found
