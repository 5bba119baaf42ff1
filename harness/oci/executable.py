"""The program inside synthetic images: it waits, and ends with 0 on SIGTERM or SIGINT.

A static ELF file of a few hundred bytes, written here byte by byte, so that an image for a real
node needs no base image and no compiler. As process 1 of a container it gets no default action
for signals; it therefore blocks both and takes them with rt_sigtimedwait, which works as any
process.
"""

import struct
from typing import Literal

Architecture = Literal["amd64", "arm64"]  # GOARCH names, as images have them
ARCHITECTURES: tuple[Architecture, ...] = ("amd64", "arm64")

_SIGINT, _SIGTERM = 2, 15  # Linux: include/uapi/asm-generic/signal.h
_SIGNALS = 1 << (_SIGTERM - 1) | 1 << (_SIGINT - 1)
_SIGNAL_SET_BYTES = 8  # sizeof(sigset_t) in the kernel

# ELF-64 Object File Format 1.5; e_machine of the processor supplements
_MACHINES: dict[Architecture, int] = {"amd64": 62, "arm64": 183}
_FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_BASE = 0x400000
_ALIGN = 0x10000  # arm64 kernels may have pages of 64 KiB


def executable(architecture: Architecture) -> bytes:
    """The whole ELF file for Linux on `architecture`; always the same bytes."""
    code = _amd64() if architecture == "amd64" else _arm64()
    headers_bytes = _FILE_HEADER.size + _PROGRAM_HEADER.size
    file_header = _FILE_HEADER.pack(
        b"\x7fELF\x02\x01\x01",  # 64 bits, little-endian, version 1, System V
        2,  # e_type: ET_EXEC
        _MACHINES[architecture],
        1,  # e_version
        _BASE + headers_bytes,  # e_entry
        _FILE_HEADER.size,  # e_phoff
        0,  # e_shoff: no sections
        0,  # e_flags
        _FILE_HEADER.size,
        _PROGRAM_HEADER.size,
        1,  # e_phnum
        0,
        0,
        0,
    )
    file_bytes = headers_bytes + len(code)
    program_header = _PROGRAM_HEADER.pack(
        1,  # p_type: PT_LOAD
        5,  # p_flags: read, execute
        0,  # p_offset: the headers are loaded too
        _BASE,
        _BASE,
        file_bytes,
        file_bytes,
        _ALIGN,
    )
    return file_header + program_header + code


def _amd64() -> bytes:
    """Intel SDM volume 2; call numbers of arch/x86/entry/syscalls/syscall_64.tbl."""
    set_and_sizes = b"\x31\xd2" + b"\x41\xba" + _u32(_SIGNAL_SET_BYTES)
    start = b"".join(
        (
            b"\x68" + _u32(_SIGNALS),  # push SIGNALS: the set, on the stack
            b"\x48\x89\xe6",  # mov rsi, rsp: set
            b"\x31\xff",  # xor edi, edi: SIG_BLOCK
            set_and_sizes,  # xor edx, edx: no old set; mov r10d, 8
            b"\xb8" + _u32(14) + b"\x0f\x05",  # rt_sigprocmask
        )
    )
    wait = b"".join(
        (
            b"\x48\x89\xe7",  # mov rdi, rsp: set
            b"\x31\xf6",  # xor esi, esi: no siginfo
            set_and_sizes,  # xor edx, edx: no time limit; mov r10d, 8
            b"\xb8" + _u32(128) + b"\x0f\x05",  # rt_sigtimedwait
            b"\x85\xc0",  # test eax, eax: a signal, or -EINTR after a stop
        )
    )
    again = b"\x78" + struct.pack("<b", -(len(wait) + 2))  # js wait
    leave = b"\x31\xff" + b"\xb8" + _u32(231) + b"\x0f\x05"  # exit_group(0)
    return start + wait + again + leave


def _arm64() -> bytes:
    """Arm ARM DDI 0487, C6.2; call numbers of include/uapi/asm-generic/unistd.h."""
    start = (
        _movz(9, _SIGNALS),
        0xF81F0FE9,  # str x9, [sp, #-16]!: the set, on the stack
        _movz(0, 0),  # SIG_BLOCK
        0x910003E1,  # mov x1, sp: set
        _movz(2, 0),  # no old set
        _movz(3, _SIGNAL_SET_BYTES),
        _movz(8, 135),  # rt_sigprocmask
        _SVC,
    )
    wait = (
        0x910003E0,  # mov x0, sp: set
        _movz(1, 0),  # no siginfo
        _movz(2, 0),  # no time limit
        _movz(3, _SIGNAL_SET_BYTES),
        _movz(8, 137),  # rt_sigtimedwait
        _SVC,
    )
    again = 0xB7F80000 | (-len(wait) & 0x3FFF) << 5  # tbnz x0, #63, wait: negative is -EINTR
    leave = (_movz(0, 0), _movz(8, 94), _SVC)  # exit_group(0)
    return b"".join(_u32(word) for word in (*start, *wait, again, *leave))


_SVC = 0xD4000001  # svc #0


def _movz(register: int, value: int) -> int:
    """`movz x<register>, #value`."""
    return 0xD2800000 | value << 5 | register


def _u32(value: int) -> bytes:
    return struct.pack("<I", value)
