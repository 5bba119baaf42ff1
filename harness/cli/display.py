"""What a run shows while it goes on: a progress bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from harness.events import (
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
from harness.recording import Watcher

_TALLY_LINE_EVERY_S = 10.0


def _room_opened(event: RoomOpened) -> str:
    kind = event.details.get("kind", "")
    return f"{event.room} ready in {event.took_s:.1f} s{kind and f' ({kind})'}"


def _steady_state(event: SteadyStateChecked) -> str:
    if event.ok:
        return f"steady state {event.when} the faults: every node can pull"
    return f"no steady state: {event.error}"


def _fault_healed(event: FaultHealed) -> str:
    if event.error:
        return f"fault {event.fault} failed: {event.error}"
    bites = "counted from samples" if event.bites is None else event.bites
    return f"fault {event.fault} healed, bites: {bites}"


_SENTENCES: dict[type[Event], Callable[[Any], str]] = {
    RoomOpened: _room_opened,
    SteadyStateChecked: _steady_state,
    FaultInjected: lambda event: f"fault {event.fault} injected",
    FaultHealed: _fault_healed,
    FaultFailed: lambda event: f"fault {event.fault} failed: {event.error}",
    Aborted: lambda event: f"aborted: {event.metric} was {event.value:.0%} ({event.limit})",
    ChildDied: lambda event: f"{event.child} ended by itself with code {event.exit_code}",
    LoadEnded: lambda event: (
        "load ended" if event.complete else f"load ended, not all ready {event.error}".rstrip()
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
def shown(console: Console, title: str, duration_s: float, *, quiet: bool) -> Iterator[Watcher]:
    """A watcher that shows events on `console` until the block is left."""
    if quiet:
        yield _nothing
    elif console.is_terminal and not console.is_dumb_terminal:
        with _bar(console) as bar:
            task = bar.add_task(title, total=duration_s, doing="starting")
            yield _BarWatcher(console, bar, task)
    else:
        yield _LineWatcher(console)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
        console=console,
        transient=True,
    )


class _BarWatcher:
    """Facts scroll by above one line that says where the run is and what is broken now."""

    def __init__(self, console: Console, bar: Progress, task: TaskID) -> None:
        self._console, self._bar, self._task = console, bar, task
        self._broken: list[str] = []

    def __call__(self, event: Event) -> None:
        if text := sentence(event):
            self._console.print(f"{event.at_s:7.1f} s  {text}", markup=False, highlight=False)
        match event:
            case FaultInjected():
                self._broken.append(event.fault)
            case FaultHealed() if event.fault in self._broken:
                self._broken.remove(event.fault)
            case LoadTally():
                broken = f" · broken: {', '.join(self._broken)}" if self._broken else ""
                self._bar.update(self._task, completed=event.at_s, doing=tally_text(event) + broken)


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
