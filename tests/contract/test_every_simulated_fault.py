"""What a fault does on simulated nodes is what it was seen to do on emulated ones."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.twin_runs import RECORDED, seen_in, twin_faults, twin_scenario

EMULATED: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
DELAYS_DIFFER_BY_S = 1.5


def test_every_fault_was_recorded() -> None:
    """`python -m tests.contract.twin_runs WORD` records a new one."""
    assert sorted(EMULATED) == sorted(twin_faults())


@pytest.mark.parametrize("name", sorted(EMULATED))
def test_simulated_nodes_see_what_emulated_ones_saw(name: str, tmp_path: Path) -> None:
    """The same attempts, requests, error texts and reasons; delays within the tick."""
    text = twin_scenario(twin_faults()[name], "simulated")
    simulated = asyncio.run(seen_in(tmp_path / "run", text))
    emulated = EMULATED[name]
    delays = {kind: it.pop("delay_s") for kind, it in (("sim", simulated), ("emu", {**emulated}))}
    emulated = {key: value for key, value in emulated.items() if key != "delay_s"}
    assert simulated == emulated
    for number, delay_s in delays["emu"].items():
        assert delays["sim"][number] == pytest.approx(delay_s, abs=DELAYS_DIFFER_BY_S)
