"""What a run shows while it goes on: a live view on a terminal, a quiet log elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from harness.cli.live import LiveState, Occurrence
from harness.recording.events import (
    Aborted,
    ChildDied,
    Event,
    FaultFailed,
    FaultHealed,
    FaultInjected,
    LoadEnded,
    LoadTally,
    RoomOpened,
    RunEnded,
    SteadyStateChecked,
)
from harness.recording.recording import Watcher

_TALLY_LINE_EVERY_S = 10.0


def _room_opened(event: RoomOpened) -> str:
    kind = event.details.get("kind", "")
    return f"{event.room} ready in {event.took_s:.1f} s{kind and f' ({kind})'}"


def _steady_state(event: SteadyStateChecked) -> str:
    if event.ok:
        return f"registry healthy {event.when} the faults: every node can pull"
    return f"the registry is not healthy: {event.error}"


def _fault_healed(event: FaultHealed) -> str:
    if event.error:
        return f"fault {event.fault} failed: {event.error}"
    bites = "counted from samples" if event.bites is None else event.bites
    return f"fault {event.fault} removed, affected requests: {bites}"


_SENTENCES: dict[type[Event], Callable[[Any], str]] = {
    RoomOpened: _room_opened,
    SteadyStateChecked: _steady_state,
    FaultInjected: lambda event: f"fault {event.fault} injected",
    FaultHealed: _fault_healed,
    FaultFailed: lambda event: f"fault {event.fault} failed: {event.error}",
    Aborted: lambda event: f"aborted: {event.reason}",
    ChildDied: lambda event: f"{event.child} exited unexpectedly with code {event.exit_code}",
    LoadEnded: lambda event: (
        "load ended" if event.complete else f"load ended, not all pods Ready {event.error}".rstrip()
    ),
    RunEnded: lambda event: f"run ended: {event.reason} {event.error}".rstrip(),
}


def sentence(event: Event) -> str:
    """One line for a fact that a reader wants to see; "" for the others."""
    tell = _SENTENCES.get(type(event))
    return tell(event) if tell else ""


def _nothing(_: Event) -> None:
    """Show nothing."""


def tally_text(tally: LoadTally) -> str:
    """The load so far, in a few words."""
    return (
        f"pods {tally.pods_ready}/{tally.pods_created} ready · "
        f"pulls {tally.pulls_ok} ok {tally.pulls_failed} failed · "
        f"{tally.blob_bytes / 2**20:,.0f} MiB"
    )


@contextmanager
def shown(
    console: Console,
    title: str,
    duration_s: float,
    *,
    quiet: bool,
    heals_s: Mapping[Occurrence, float] | None = None,
) -> Iterator[Watcher]:
    """A watcher that shows events on `console` until the block is left.

    `duration_s` is when the run is over at the latest, `heals_s` when each fault is due to heal.
    """
    if quiet:
        yield _nothing
    elif console.is_terminal and not console.is_dumb_terminal:
        state = LiveState(title=title, ends_s=duration_s, heals_s=heals_s or {})
        with Live(console=console, auto_refresh=False, transient=True) as live:
            yield _LiveWatcher(console, live, state)
    else:
        console.print(f"{title}:", markup=False, highlight=False, soft_wrap=True)
        yield _LineWatcher(console)


class _LiveWatcher:
    """Facts scroll by above a few lines that say where the run is; drawn when something changed."""

    def __init__(self, console: Console, live: Live, state: LiveState) -> None:
        self._console, self._live, self._state = console, live, state
        self._seen: list[str] = []

    def __call__(self, event: Event) -> None:
        if text := sentence(event):
            self._console.print(f"{event.at_s:7.1f} s  {text}", markup=False, highlight=False)
        self._state.feed(event)
        lines = self._state.lines()
        if lines != self._seen:
            self._seen = lines
            view = Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
            self._live.update(view, refresh=True)


class _LineWatcher:
    """A quiet log: facts as they happen, the tally now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_tally_s = _TALLY_LINE_EVERY_S

    def __call__(self, event: Event) -> None:
        text = sentence(event)
        if isinstance(event, LoadTally) and event.at_s >= self._next_tally_s:
            self._next_tally_s = event.at_s + _TALLY_LINE_EVERY_S
            text = tally_text(event)
        if text:
            self._console.print(
                f"{event.at_s:7.1f} s  {text}", markup=False, highlight=False, soft_wrap=True
            )
