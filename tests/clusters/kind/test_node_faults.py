"""Changes in a node that faults make: the words to iptables, mount and kubelet, and undoing."""

import asyncio
import stat
import subprocess
from pathlib import Path

import pytest

from harness.clusters.kind.containers import CommandFailed, Engine
from harness.clusters.kind.node_faults import (
    CONTENT_FOLDER,
    MOUNT,
    UNMOUNT,
    NodeDisk,
    NodeDrop,
    with_pull_limits,
)

ENGINE = Engine(name="docker")
DROP = NodeDrop(cluster="harness-abc", container="n")
DISK = NodeDisk(cluster="harness-abc", container="n")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine that writes down what it is told; it fails at the word in the file `fail`."""
    told = tmp_path / "told"
    script = tmp_path / "docker"
    script.write_text(
        f"""#!/bin/sh
echo "$@" >> {told}
if [ -e {tmp_path}/fail ] && echo "$@" | grep -q -e "$(cat {tmp_path}/fail)"; then
  echo "no such rule" >&2; exit 1
fi
echo removed
"""
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return told


def test_records_come_back_as_the_change_that_they_are_of() -> None:
    """What is journalled suffices to undo it."""
    assert NodeDrop.read(DROP.undo("abc", ENGINE)) == DROP
    assert NodeDisk.read(DISK.undo("abc", ENGINE)) == DISK
    kinds = {DROP.undo("abc", ENGINE)["kind"], DISK.undo("abc", ENGINE)["kind"]}
    assert kinds == {"remove_node_drop", "unmount_node_disk"}


def test_a_rule_drops_what_goes_to_nobody_and_bears_the_runs_mark(told: Path) -> None:
    """It goes in first, and out once it is found."""
    asyncio.run(DROP.add("abc", ENGINE))
    assert asyncio.run(DROP.undone("abc", ENGINE))
    added, found, removed = told.read_text().splitlines()
    words = "OUTPUT -d 192.0.2.54/32 -m comment --comment harness run abc -j DROP"
    assert added == f"exec n iptables -w 5 -I {words}"
    assert (found, removed) == (added.replace("-I", "-C"), added.replace("-I", "-D"))


def test_a_rule_that_is_gone_is_no_failure(told: Path) -> None:
    """It was undone before."""
    (told.parent / "fail").write_text(" -C ")
    assert not asyncio.run(DROP.undone("abc", ENGINE))
    assert len(told.read_text().splitlines()) == 1


def test_a_small_disk_is_the_runs_own(told: Path) -> None:
    """Made for as many bytes as are left, and taken away by the same name."""
    asyncio.run(DISK.mount("abc", ENGINE, 65536))
    assert asyncio.run(DISK.undone("abc", ENGINE))
    ends = [line for line in told.read_text().splitlines() if "/run/harness-disk-abc" in line]
    assert ends[0].endswith(f"sh {CONTENT_FOLDER} /run/harness-disk-abc 268435456 65536")
    assert ends[-1].endswith(f"sh {CONTENT_FOLDER} /run/harness-disk-abc")


def test_too_much_content_is_reported(told: Path) -> None:
    """As the node says it."""
    (told.parent / "fail").write_text("mount")
    with pytest.raises(CommandFailed, match="no such rule"):
        asyncio.run(DISK.mount("abc", ENGINE, 1))


@pytest.mark.parametrize(
    "config",
    [
        "kind: KubeletConfiguration\n",
        "kind: KubeletConfiguration\nregistryPullQPS: 5\nregistryBurst: 10\n",
        "registryBurst: 10\nkind: KubeletConfiguration",
    ],
)
def test_limits_take_the_place_of_those_that_were_there(config: str) -> None:
    """And nothing else changes."""
    lines = with_pull_limits(config, qps=1, burst=2).splitlines()
    assert lines == ["kind: KubeletConfiguration", "registryPullQPS: 1", "registryBurst: 2"]


def in_a_namespace(script: str, *words: str) -> list[str]:
    """The lines of a script that may mount, because nobody else sees it."""
    argv = ["unshare", "--mount", "sh", "-c", script, "sh", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.splitlines()


def test_a_small_disk_is_full_when_its_room_is_used_up_and_leaves_no_trace(tmp_path: Path) -> None:
    """For real: old content stays readable, what fits stays for good, what does not fails."""
    if in_a_namespace("mount -t tmpfs none /mnt && echo mounted") != ["mounted"]:
        pytest.skip("no right to mount here: needs root, or a user namespace")
    content, stage = tmp_path / "content", tmp_path / "stage"
    (content / "blobs").mkdir(parents=True)
    (content / "ingest").mkdir()
    (content / "blobs" / "old").write_bytes(bytes(100_000))
    script = """
        sh -c "$1" sh "$3" "$4" 1000000 65536 || exit
        wc -c < "$3/blobs/old"
        echo fits > "$3/blobs/new"
        head -c 200000 /dev/zero 2>&1 > "$3/ingest/data" || echo full
        rm "$3/ingest/data"
        sh -c "$2" sh "$3" "$4"
        sh -c "$2" sh "$3" "$4"
        cat "$3/blobs/new"
        grep -c "$3" /proc/mounts
    """
    lines = in_a_namespace(script, MOUNT, UNMOUNT, str(content), str(stage))
    assert [line for line in lines if "No space left" not in line] == [
        *("100000", "full", "removed", "fits", "0")
    ]
    assert any("No space left on device" in line for line in lines)
    assert sorted(it.name for it in (content / "blobs").iterdir()) == ["new", "old"]
    assert not stage.exists()


def test_a_disk_with_too_much_content_is_left_alone(tmp_path: Path) -> None:
    """Nothing is mounted that would have to be undone."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "blob").write_bytes(bytes(5000))
    words = (str(tmp_path / "content"), str(tmp_path / "stage"), "4000", "1")
    done = subprocess.run(
        ["sh", "-c", MOUNT, "sh", *words], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert "more than the 4000 that are copied" in done.stderr
    assert not (tmp_path / "stage").exists()
