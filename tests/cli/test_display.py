"""What a run shows: facts as sentences, and no escape codes where there is no terminal."""

import io

from rich.console import Console

from harness.cli.display import sentence, shown
from harness.recording.events import (
    Event,
    FaultHealed,
    FaultInjected,
    GeneratorHealth,
    LoadTally,
    RoomOpened,
    RunEnded,
    SteadyStateChecked,
)

INJECTED = FaultInjected(at_s=20.0, fault="latency-1", word="latency", occurrence=1, planned_s=20)
HEALED = FaultHealed(at_s=50.0, fault="latency-1", word="latency", occurrence=1, bites=12)


def watched(*events: Event, quiet: bool = False, terminal: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=200, color_system=None)
    with shown(console, "quick", 60.0, quiet=quiet) as watch:
        for event in events:
            watch(event)
    return out.getvalue()


def test_facts_are_sentences() -> None:
    link = RoomOpened(at_s=0, room="link", took_s=0.61, details={"kind": "toxiproxy"})
    uncounted = FaultHealed(at_s=1, fault="a-1", word="a", occurrence=1, bites=None)
    assert sentence(link) == "link ready in 0.6 s (toxiproxy)"
    assert sentence(HEALED) == "fault latency-1 removed, affected requests: 12"
    assert sentence(uncounted) == "fault a-1 removed, affected requests: counted from samples"
    broken = SteadyStateChecked(at_s=0, ok=False, when="before", error="node-0: 500")
    assert sentence(broken) == "the registry is not healthy: node-0: 500"
    assert sentence(RunEnded(at_s=1, reason="finished")) == "run ended: finished"


def test_a_log_has_a_line_for_each_fact_and_the_tally_now_and_then() -> None:
    """Below the run's name. Twenty seconds of tallies are two lines, and health is none."""
    tallies = [LoadTally(at_s=second, pods_created=8, pods_ready=second) for second in range(21)]
    health = GeneratorHealth(at_s=1, process="load", cpu_share=0.5, resident_bytes=1)
    text = watched(INJECTED, health, *tallies, HEALED)
    lines = text.splitlines()
    assert lines[:2] == ["quick:", "   20.0 s  fault latency-1 injected"]
    assert sum("pods" in line for line in lines) == 2
    assert len(lines) == 5
    assert "\x1b" not in text


def test_on_a_terminal_the_facts_scroll_by() -> None:
    text = watched(INJECTED, LoadTally(at_s=21, pods_created=8, pods_ready=3), terminal=True)
    assert "fault latency-1 injected" in text


def test_the_live_view_is_drawn_again_only_when_it_changed() -> None:
    """So that nothing flickers; untrusted names are no markup there either."""
    tally = LoadTally(at_s=21.0, pods_created=8, pods_ready=3)
    odd = FaultInjected(at_s=21.2, fault="[red]x[/", word="x", occurrence=1, planned_s=21)
    once = watched(tally, terminal=True)
    assert watched(tally, tally, terminal=True).count("pods 3/8") == once.count("pods 3/8")
    assert "active faults: [red]x[/" in watched(tally, odd, terminal=True)


def test_quiet_is_quiet() -> None:
    assert watched(INJECTED, HEALED, quiet=True) == ""


def test_untrusted_text_is_no_markup() -> None:
    """A registry's error in square brackets must not style, or break, the terminal."""
    ended = RunEnded(at_s=1, reason="environment", error="[bold]x[/nope] said [link=evil]")
    assert "[bold]x[/nope] said [link=evil]" in watched(ended)
