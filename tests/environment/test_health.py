"""CPU and memory of a run's processes, once a second."""

import asyncio
import sys
import time
from pathlib import Path

from harness.environment.health import sample_health
from harness.process.child import Run, start_child
from harness.process.journal import Journal
from harness.recording.events import Event, GeneratorHealth, MachineHealth


def test_the_harness_and_every_living_child_are_sampled(tmp_path: Path) -> None:
    """A child that has ended is passed over, not an error; the machine is sampled beside them."""
    samples: list[GeneratorHealth] = []
    machine: list[MachineHealth] = []
    seen = asyncio.Event()

    def record(event: Event) -> None:
        if isinstance(event, MachineHealth):
            machine.append(event)
        else:
            assert isinstance(event, GeneratorHealth)
            samples.append(event)
        if machine and {sample.process for sample in samples} >= {"harness", "sleeper"}:
            seen.set()

    async def main() -> None:
        journal = Journal(tmp_path / "journal.jsonl")
        run = Run(run_id="abc", folder=tmp_path, journal=journal, clock_start_s=0.0)
        argv = (sys.executable, "-c", "import sys; sys.stdin.read()")
        async with (
            start_child(run, "sleeper", argv, config=None) as sleeper,
            start_child(run, "gone", (sys.executable, "-c", ""), config=None) as gone,
        ):
            await gone.process.wait()
            children = {"sleeper": sleeper, "gone": gone}
            sampling = asyncio.ensure_future(
                sample_health(lambda: children, time.monotonic, record)
            )
            await asyncio.wait_for(seen.wait(), 20)
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
        journal.close()

    asyncio.run(main())
    assert {sample.process for sample in samples} == {"harness", "sleeper"}
    assert all(sample.resident_bytes > 0 for sample in samples)
    assert machine[0].cpus >= 1
    assert 0 < machine[0].cpu_share <= 1
    assert 0 < machine[0].memory_available_share < 1
