"""CPU share and memory of a run's processes and of the machine: whether they limited the run."""

import asyncio
from collections.abc import Callable, Mapping

import psutil

from harness.process.child import Child
from harness.recording.events import Event, GeneratorHealth, MachineHealth

_EVERY_S = 1.0


async def sample_health(
    children: Callable[[], Mapping[str, Child]],
    now_s: Callable[[], float],
    record: Callable[[Event], None],
) -> None:
    """Record how busy processes and machine are, every second, until cancelled.

    A `GeneratorHealth` for the harness and each child, and a `MachineHealth`. A child that started
    others (Locust's workers) is sampled with its family.
    """
    watched: dict[int, psutil.Process] = {}
    psutil.cpu_times_percent(interval=None)  # shares are those since the call before
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
        record(_machine(now_s()))


def _machine(at_s: float) -> MachineHealth:
    times = psutil.cpu_times_percent(interval=None)
    memory = psutil.virtual_memory()
    steal, iowait = getattr(times, "steal", 0.0), getattr(times, "iowait", 0.0)
    return MachineHealth(
        at_s=at_s,
        cpus=psutil.cpu_count() or 1,
        cpu_share=max(0.0, 1 - (times.idle + iowait) / 100),
        steal_share=steal / 100,
        iowait_share=iowait / 100,
        memory_available_share=memory.available / memory.total,
    )


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
