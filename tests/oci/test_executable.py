"""The program in synthetic images: its headers, its instructions, and that it waits and ends."""

import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.oci.executable import ARCHITECTURES, Architecture, executable

HEADERS_BYTES = 64 + 56
DEADLINE_S = 20.0

is_linux_amd64 = sys.platform == "linux" and platform.machine() == "x86_64"
native = pytest.mark.skipif(not is_linux_amd64, reason="runs on Linux on amd64 only")


@pytest.mark.parametrize(("architecture", "machine"), [("amd64", 62), ("arm64", 183)])
def test_the_headers_are_those_of_a_static_program(
    architecture: Architecture, machine: int
) -> None:
    """ELF-64, little-endian, executable, one loaded segment that holds the whole file."""
    file = executable(architecture)
    identity, kind, its_machine = struct.unpack_from("<16sHH", file)
    (entry, program_headers_at) = struct.unpack_from("<QQ", file, 24)
    segment_kind, flags, offset, address, _, in_file, in_memory, align = struct.unpack_from(
        "<IIQQQQQQ", file, program_headers_at
    )

    assert identity == b"\x7fELF\x02\x01\x01" + bytes(9)
    assert (kind, its_machine) == (2, machine)
    assert struct.unpack_from("<HHH", file, 52) == (64, 56, 1)
    assert (segment_kind, flags, offset) == (1, 0b101, 0)  # PT_LOAD, readable and executable
    assert in_file == in_memory == len(file)
    assert address % align == offset % align
    assert entry == address + HEADERS_BYTES


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_program_is_tiny(architecture: Architecture) -> None:
    """It fits into one record of a layer's archive."""
    assert len(executable(architecture)) <= 512


# Arm ARM DDI 0487, C4.1: (bits that tell the instruction, their value, how its operands are read)
def _movz(word: int) -> str:
    return f"movz x{word & 31}, #{word >> 5 & 0xFFFF}"


def _str_pre(word: int) -> str:
    offset = (word >> 12 & 0x1FF) - (word >> 11 & 0x200)
    return f"str x{word & 31}, [{_register_or_sp(word >> 5)}, #{offset}]!"


def _add(word: int) -> str:
    return f"add {_register_or_sp(word)}, {_register_or_sp(word >> 5)}, #{word >> 10 & 0xFFF}"


def _tbnz(word: int) -> str:
    bit = (word >> 31) << 5 | word >> 19 & 31
    steps = (word >> 5 & 0x3FFF) - (word >> 4 & 0x4000)
    return f"tbnz x{word & 31}, #{bit}, {steps:+d}"


def _svc(word: int) -> str:
    return f"svc #{word >> 5 & 0xFFFF}"


def _register_or_sp(field: int) -> str:
    return "sp" if field & 31 == 31 else f"x{field & 31}"


ENCODINGS: tuple[tuple[int, int, Callable[[int], str]], ...] = (
    (0xFFE00000, 0xD2800000, _movz),  # MOVZ, 64-bit, shift 0
    (0xFFE00C00, 0xF8000C00, _str_pre),  # STR (immediate), 64-bit, pre-index
    (0xFFC00000, 0x91000000, _add),  # ADD (immediate), 64-bit, shift 0
    (0x7F000000, 0x37000000, _tbnz),  # TBNZ
    (0xFFE0001F, 0xD4000001, _svc),  # SVC
)


def _decoded(word: int) -> str:
    (text,) = [read(word) for mask, value, read in ENCODINGS if word & mask == value]
    return text


def test_the_arm64_instructions_are_these() -> None:
    """Decoded by the tables of the architecture's manual; calls 135, 137 and 94 of the kernel."""
    code = executable("arm64")[HEADERS_BYTES:]
    assert [_decoded(word) for (word,) in struct.iter_unpack("<I", code)] == [
        "movz x9, #16386",  # SIGTERM and SIGINT
        "str x9, [sp, #-16]!",
        "movz x0, #0",
        "add x1, sp, #0",
        "movz x2, #0",
        "movz x3, #8",
        "movz x8, #135",  # rt_sigprocmask
        "svc #0",
        "add x0, sp, #0",
        "movz x1, #0",
        "movz x2, #0",
        "movz x3, #8",
        "movz x8, #137",  # rt_sigtimedwait
        "svc #0",
        "tbnz x0, #63, -6",
        "movz x0, #0",
        "movz x8, #94",  # exit_group
        "svc #0",
    ]


def _program(folder: Path, architecture: Architecture) -> str:
    path = folder / "wait"
    path.write_bytes(executable(architecture))
    path.chmod(0o755)
    return str(path)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)


def _waits(pid: int) -> bool:
    """Whether the program is inside rt_sigtimedwait (128 on amd64, 137 on arm64)."""
    call, *_ = Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()
    return call in {"128", "137"}


@native
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_amd64_program_waits_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    """A stop and a continue do not end it; the signal does, with 0."""
    with subprocess.Popen([_program(tmp_path, "amd64")]) as process:
        try:
            _await(lambda: _waits(process.pid))
            process.send_signal(signal.SIGSTOP)
            process.send_signal(signal.SIGCONT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(number)

            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()


@native
def test_the_amd64_program_ends_well_as_process_1(tmp_path: Path) -> None:
    """Process 1 has no default action for signals; it ends on SIGTERM all the same."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed")
    own_namespace = [unshare, "--pid", "--fork", "--kill-child"]
    if subprocess.run([*own_namespace, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not make a process namespace")
    with subprocess.Popen([*own_namespace, _program(tmp_path, "amd64")]) as parent:
        try:
            children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
            _await(lambda: bool(children.read_text(encoding="ascii")))
            child = int(children.read_text(encoding="ascii"))
            _await(lambda: _waits(child))
            os.kill(child, signal.SIGTERM)

            assert parent.wait(DEADLINE_S) == 0
        finally:
            parent.kill()


def test_the_arm64_program_waits_and_ends_well(tmp_path: Path) -> None:
    """The same under an emulator of arm64."""
    emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if emulator is None:
        pytest.skip("qemu-user is not installed")
    with subprocess.Popen([emulator, _program(tmp_path, "arm64")]) as process:
        try:
            _await(lambda: _waits(process.pid))
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(signal.SIGTERM)

            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()
