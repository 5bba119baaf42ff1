"""What a killed harness left is undone, exactly, once, and nothing else is touched."""

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.process.child import RUN_ID_VARIABLE
from harness.process.journal import Journal, pending
from harness.process.lock import hold
from harness.run.recover import recover
from tests.processes import alive, wait_until_gone

RUN_ID = secrets.token_hex(3)  # recover ends all that carry it, also another test run's

# A harness that starts a service which ignores everything that would end it, and one that does not.
HARNESS = """
import asyncio, sys
from pathlib import Path
from harness.process.child import Run, start_child
from harness.process.journal import Journal
from harness.process.lock import hold

STUBBORN = '''
import ctypes, os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 0)
sys.stdin.readline()
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
kid = subprocess.Popen(sleep, start_new_session=True)
print('{"ready": true, "kid": %d}' % kid.pid, flush=True)
time.sleep(60)
'''

async def main():
    folder = Path(sys.argv[1])
    run = Run(run_id=folder.name[-6:], folder=folder, journal=Journal(folder / "journal.jsonl"),
              clock_start_s=0.0)
    with hold(folder):
        async with start_child(run, "link", [sys.executable, "-c", STUBBORN], config={}) as child:
            print(child.pid, child.ready["kid"], flush=True)
            await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder, as `run` makes it."""
    folder = tmp_path / "reports" / "quickstart" / f"20261124T101400Z-{RUN_ID}"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def reports(folder: Path) -> Path:
    return folder.parents[1]


def journalled(folder: Path, *undos: dict[str, Any]) -> None:
    journal = Journal(folder / "journal.jsonl")
    for undo in undos:
        journal.record(undo)
    journal.close()


def told(reports: Path) -> list[tuple[str, bool]]:
    return [(change.text, change.failed) for change in recover(reports)]


def left(folder: Path) -> list[dict[str, Any]]:
    return [record["undo"] for record in pending(folder / "journal.jsonl")]


@contextmanager
def sleeper(run_id: str) -> Iterator[int]:
    argv = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"]
    environment = {**os.environ, RUN_ID_VARIABLE: run_id}
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def test_nothing_left_is_nothing_reported(tmp_path: Path, folder: Path) -> None:
    """No folder, no journal, no open record: three kinds of nothing."""
    assert recover(tmp_path / "nowhere") == []
    assert recover(tmp_path) == []
    journalled(folder)
    assert recover(tmp_path / "reports") == []
    assert not (folder / "run.lock").exists()


def test_a_killed_harness_leaves_processes_and_recover_ends_them(
    folder: Path, reports: Path
) -> None:
    """SIGKILL; a service that ignores channel, SIGTERM and parent death; and its child."""
    argv = [sys.executable, "-c", HARNESS, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        service, kid = map(int, harness.stdout.readline().split())
        assert told(reports) == [("is still running and was left alone", False)]
        assert alive(service)
        assert alive(kid)
        harness.kill()
    assert alive(service)
    assert alive(kid)
    [(text, failed)] = told(reports)
    assert not failed
    assert text.startswith("link: ended process ")
    wait_until_gone(service, kid)
    assert left(folder) == []
    assert recover(reports) == []


def test_only_processes_of_this_run_are_ended(folder: Path, reports: Path) -> None:
    """A process of another run lives on, although the journal stands beside it."""
    with sleeper("other1") as other, sleeper(RUN_ID) as own:
        journalled(folder, {"kind": "end_processes", "run_id": RUN_ID, "name": "registry"})
        assert told(reports) == [(f"registry: ended process {own}", False)]
        assert not alive(own)
        assert alive(other)


@pytest.mark.parametrize("run_id", ["other1", "", "1", None, 7, [RUN_ID]])
def test_a_journal_cannot_name_another_runs_processes(
    folder: Path, reports: Path, run_id: object
) -> None:
    """Only the id in its own folder's name is believed."""
    with sleeper("other1") as other:
        journalled(folder, {"kind": "end_processes", "run_id": run_id})
        [(text, failed)] = told(reports)
        assert failed
        assert f"got {run_id!r}" in text
        assert alive(other)


def test_changed_bytes_come_back_exactly_and_twice_is_once(folder: Path, reports: Path) -> None:
    """Two flips of one byte are undone in reverse; what is written is what was there."""
    blob = folder / "registry" / "blob"
    blob.parent.mkdir()
    blob.write_bytes(b"abXYef")
    journalled(
        folder,
        {"kind": "restore_bytes", "path": str(blob), "offset": 2, "hex": b"cd".hex()},
        {"kind": "restore_bytes", "path": str(blob), "offset": 3, "hex": b"Q".hex()},
    )
    journal = (folder / "journal.jsonl").read_bytes()
    assert told(reports) == [
        ("blob: put 1 bytes back at 3", False),
        ("blob: put 2 bytes back at 2", False),
    ]
    assert blob.read_bytes() == b"abcdef"
    assert recover(reports) == []
    (folder / "journal.jsonl").write_bytes(journal)
    recover(reports)
    assert blob.read_bytes() == b"abcdef"


def test_a_shortened_file_comes_back_whole(folder: Path, reports: Path) -> None:
    """The backup takes its place; without a backup it was back already."""
    blob, backup = folder / "blob", folder / "blob.whole"
    undo = {"kind": "restore_file", "path": str(blob), "backup": str(backup)}
    blob.write_bytes(b"sho")
    backup.write_bytes(b"short no more")
    journalled(folder, undo)
    assert told(reports) == [("blob: put back whole", False)]
    assert blob.read_bytes() == b"short no more"
    assert not backup.exists()
    journalled(folder, undo)
    assert told(reports) == [("blob: was whole already", False)]
    backup.hardlink_to(blob)  # killed between the record and the change
    journalled(folder, undo)
    assert told(reports) == [("blob: was whole already", False)]
    assert not backup.exists()
    assert blob.read_bytes() == b"short no more"


def test_an_added_file_is_removed_once(folder: Path, reports: Path) -> None:
    """Nobody else knows of it."""
    added = folder / "registry" / "blob"
    added.parent.mkdir()
    added.write_bytes(b"mine")
    undo = {"kind": "remove_file", "path": str(added)}
    journalled(folder, undo)
    assert told(reports) == [("blob: removed", False)]
    assert not added.exists()
    journalled(folder, undo)
    assert told(reports) == [("blob: was removed already", False)]


def test_the_index_gets_its_changes_back(folder: Path, reports: Path) -> None:
    """Behind whatever line the kill cut short; the file is always that of the run's registry."""
    undo = {"kind": "change_index", "changes": [{"do": "show", "name": "app"}]}
    journalled(folder, undo)
    assert told(reports) == [("index.jsonl: was removed already", False)]
    path = folder / "registry" / "index.jsonl"
    path.parent.mkdir()
    path.write_text('{"do": "hide", "name": "app"}\n{"do": "ad')
    journalled(folder, undo)
    assert told(reports) == [("index.jsonl: put 1 changes back", False)]
    assert path.read_text() == '{"do": "hide", "name": "app"}\n{"do": "show", "name": "app"}\n'
    journalled(folder, {"kind": "change_index", "changes": "all"})
    [(text, failed)] = told(reports)
    assert failed
    assert "changes: a list of changes, got 'all'" in text


@pytest.mark.parametrize("way", ["absolute", "dots", "link", "folder"])
@pytest.mark.parametrize("kind", ["restore_bytes", "restore_file", "remove_file"])
def test_a_journal_reaches_no_file_outside_its_run(
    tmp_path: Path, folder: Path, reports: Path, kind: str, way: str
) -> None:
    """By no spelling and through no link."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (folder / "link").symlink_to(outside)
    (folder / "backup").write_bytes(b"evil")
    names = {
        "absolute": str(outside),
        "dots": f"{folder}/../../../outside",
        "link": str(folder / "link"),
        "folder": str(folder),
    }
    undo = {"kind": kind, "path": names[way], "offset": 0, "hex": "00"}
    journalled(folder, {**undo, "backup": str(folder / "backup")})
    [(text, failed)] = told(reports)
    assert failed
    assert "path: " in text
    assert outside.read_bytes() == b"mine"
    assert len(left(folder)) == 1


def test_one_failure_stops_no_other_and_keeps_its_record(folder: Path, reports: Path) -> None:
    """Each kind of nonsense is told in a sentence; what can be undone is undone."""
    blob = folder / "blob"
    blob.write_bytes(b"X")
    bytes_of = {"kind": "restore_bytes", "path": str(blob), "offset": 0, "hex": "61"}
    wrong: list[dict[str, Any]] = [
        {"kind": "format_disk"},
        {"kind": ["restore_bytes"]},
        {},
        {"kind": "restore_bytes", "path": str(blob)},
        {**bytes_of, "offset": 9},
        {**bytes_of, "offset": -1},
        {**bytes_of, "hex": "zz"},
        {**bytes_of, "path": str(folder / "gone")},
        {**bytes_of, "path": 7},
        {"kind": "restore_file", "path": str(folder / "gone"), "backup": str(folder / "gone2")},
        {"kind": "toxiproxy_proxies", "url": "http://192.0.2.1:1/", "names": "all"},
    ]
    journalled(folder, *wrong, bytes_of)
    changes = told(reports)
    assert changes[0] == ("blob: put 1 bytes back at 0", False)
    assert all(failed and text.startswith("not undone: ") for text, failed in changes[1:])
    assert len(changes) == len(wrong) + 1
    assert blob.read_bytes() == b"a"
    assert left(folder) == wrong[::-1]
    assert len(told(reports)) == len(wrong)


def test_a_journal_cut_in_a_line_is_carried_out_as_far_as_it_goes(
    folder: Path, reports: Path
) -> None:
    """The cut record's change was never made; after recovery the journal is clean."""
    blob = folder / "blob"
    blob.write_bytes(b"XY")
    undo = {"kind": "restore_bytes", "path": str(blob), "offset": 0, "hex": "61"}
    journalled(folder, undo, {**undo, "offset": 1})
    journal = folder / "journal.jsonl"
    os.truncate(journal, journal.stat().st_size - 5)
    assert told(reports) == [("blob: put 1 bytes back at 0", False)]
    assert blob.read_bytes() == b"aY"
    assert left(folder) == []
    assert recover(reports) == []


def test_a_living_run_is_left_alone(folder: Path, reports: Path) -> None:
    """Its faults are its own; nothing is undone under its feet."""
    blob = folder / "blob"
    blob.write_bytes(b"X")
    journalled(folder, {"kind": "restore_bytes", "path": str(blob), "offset": 0, "hex": "61"})
    with hold(folder):
        assert told(reports) == [("is still running and was left alone", False)]
        assert blob.read_bytes() == b"X"
    recover(reports)
    assert blob.read_bytes() == b"a"


def test_one_run_or_one_scenario_can_be_named(folder: Path) -> None:
    """`recover` takes the folder of all reports, of a scenario, or of a run."""
    blob = folder / "blob"
    for named in (folder, folder.parent, folder.parents[1]):
        blob.write_bytes(b"X")
        journalled(folder, {"kind": "restore_bytes", "path": str(blob), "offset": 0, "hex": "61"})
        assert len(recover(named)) == 1
        assert blob.read_bytes() == b"a"


@contextmanager
def toxiproxy(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every DELETE with `status`, and the paths it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            seen.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "failed"), [(204, False), (404, False), (500, True)])
def test_proxies_are_removed_from_a_toxiproxy_that_lives_on(
    folder: Path, reports: Path, status: int, *, failed: bool
) -> None:
    """By name, with names that are no paths; gone already is as good as removed."""
    with toxiproxy(status) as (url, seen):
        journalled(folder, {"kind": "toxiproxy_proxies", "url": url, "names": ["n1", "../all"]})
        assert [change.failed for change in recover(reports)] == [failed]
        assert seen == ["/proxies/n1", "/proxies/..%2Fall"][: 1 if failed else 2]
    assert len(left(folder)) == failed


def test_a_toxiproxy_that_is_gone_took_its_proxies_along(folder: Path, reports: Path) -> None:
    """Nobody listens there any more."""
    with toxiproxy(204) as (url, _):
        pass
    journalled(folder, {"kind": "toxiproxy_proxies", "url": url, "names": ["n1"]})
    [(text, failed)] = told(reports)
    assert not failed
    assert "is gone" in text


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8:8474", "https://127.0.0.1", "file:///etc/passwd", "http://", "example"]
)
def test_a_journal_sends_nothing_far_away(folder: Path, reports: Path, url: str) -> None:
    """Only this machine and private networks are spoken to."""
    journalled(folder, {"kind": "toxiproxy_proxies", "url": url, "names": ["n1"]})
    [(text, failed)] = told(reports)
    assert failed
    assert "url: " in text
    assert json.dumps(left(folder)[0])
