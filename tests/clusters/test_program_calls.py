"""Other programs are asked, and never left behind."""

import asyncio
from pathlib import Path

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.program_calls import (
    NoAnswerError,
    ProgramMissingError,
    all_of,
    call,
)


def test_what_a_program_says_is_reported() -> None:
    """Its code, both its outputs, and its last line."""
    script = "cat; echo first >&2; echo last >&2; echo >&2; exit 3"
    said = asyncio.run(call(("sh", "-c", script), stdin=b"in", timeout_s=10))
    assert (said.code, said.out, said.last_line) == (3, b"in", "last")
    quiet = asyncio.run(call(("sh", "-c", "echo out"), timeout_s=10))
    assert (quiet.code, quiet.last_line) == (0, "out")
    assert asyncio.run(call(("true",), timeout_s=10)).last_line == ""


def test_a_program_that_cannot_start_is_reported(tmp_path: Path) -> None:
    """Missing, or no program."""
    with pytest.raises(ProgramMissingError, match="no-such-program: is not on PATH"):
        asyncio.run(call(("no-such-program",), timeout_s=10))
    (tmp_path / "text").write_text("text")
    with pytest.raises(ProgramMissingError, match="cannot be started: Permission denied"):
        asyncio.run(call((str(tmp_path / "text"),), timeout_s=10))


@pytest.mark.parametrize("how", ["slow", "cancelled"])
def test_a_program_is_never_left_behind(tmp_path: Path, how: str) -> None:
    """Whether it takes too long or nobody waits any more."""
    script = f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60"

    async def main() -> None:
        asking = asyncio.ensure_future(
            call(("sh", "-c", script), timeout_s=1 if how == "slow" else 60)
        )
        if how == "cancelled":
            while not (tmp_path / "pid").exists():  # noqa: ASYNC110  a file has no event
                await asyncio.sleep(0.01)
            asking.cancel()
        with pytest.raises((NoAnswerError, asyncio.CancelledError)):
            await asking

    asyncio.run(main())
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_the_first_failure_of_several_is_reported_plainly() -> None:
    """No group of exceptions reaches the user; the others are stopped."""

    async def fail() -> None:
        raise ClusterError("one sentence")

    async def wait() -> None:
        await asyncio.sleep(60)

    with pytest.raises(ClusterError, match="one sentence"):
        asyncio.run(all_of(work() for work in (wait, fail, wait)))
