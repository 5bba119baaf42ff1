"""Nodes' requests to the registry, by the gateway's records, and which part of a pull each was."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.node.causes import cause_of_status
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import PULL_PARTS
from harness.seams import RequestKind

_UNAUTHORIZED: Final = 401
_NAN: Final = float("nan")


@dataclass(frozen=True, kw_only=True)
class AccessRecord:
    """One request as the gateway saw it; times in seconds since the run began."""

    node: str
    kind: RequestKind
    method: str
    path: str
    repository: str  # "" for a request that names none
    status: int
    at_s: float
    first_byte_s: float
    done_s: float
    sent_bytes: int
    range_from: int
    whole: bool  # the answer ended as it should
    bitten_by: str

    @property
    def digest(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def cause(self) -> Cause:
        """Why it failed, as far as status and ending tell.

        A 401 is taken for the challenge that every pull begins with: the record holds no headers.
        """
        if self.status == _UNAUTHORIZED and self.kind is not RequestKind.TOKEN:
            return Cause.NONE
        return cause_of_status(self.status, self.kind) or (Cause.NONE if self.whole else Cause.TCP)


def read_access_records(path: Path, nodes: Iterable[str]) -> list[AccessRecord]:
    """The records of `nodes` in an access log, by their time.

    Left out are lines cut short, and what came before the run began, which has no time.
    """
    wanted = frozenset(nodes)
    with path.open(encoding="utf-8", errors="replace") as lines:
        found = [asked for line in lines if (asked := _asked(line)) and asked.node in wanted]
    return sorted(found, key=lambda asked: asked.at_s)


def _asked(line: str) -> AccessRecord | None:
    try:
        record: Mapping[str, Any] = json.loads(line)
        at_s, first = float(record["at_s"]), record["first_byte_s"]
        return AccessRecord(
            node=record["node"],
            kind=RequestKind(record["kind"]),
            method=record["method"],
            path=record["path"],
            repository=record["repository"],
            status=int(record["status"]),
            at_s=at_s,
            first_byte_s=_NAN if first is None else at_s + float(first),
            done_s=at_s + float(record["duration_s"]),
            sent_bytes=int(record["bytes"]),
            range_from=_range_from(record["range"]),
            whole=record["ended"] == "ok",
            bitten_by=record["bitten_by"],
        )
    except (ValueError, LookupError, TypeError):
        return None


def _range_from(header: str | None) -> int:
    """`100` of `bytes=100-`."""
    first = (header or "").removeprefix("bytes=").partition("-")[0]
    return int(first) if first.isdigit() else 0


def parts_of(
    asked: Sequence[AccessRecord],
    *,
    start_s: float,
    end_s: float,
    ok: bool,
    configs: frozenset[str],
) -> dict[str, float]:
    """How long a pull from `start_s` to `end_s` was in each part, in seconds; they add up to it.

    The time until an answer has ended belongs to the request's part, what comes after the last
    answer to unpacking, or, of a pull that failed, to the part it failed in. `configs` are the
    digests of image configurations, which are blobs but no layers.
    """
    parts = dict.fromkeys(PULL_PARTS, 0.0)
    since_s, part = start_s, "resolve_s"
    for it in sorted(asked, key=lambda it: it.done_s):
        part = _part(it, configs)
        done_s = min(it.done_s, end_s)
        parts[part] += max(0.0, done_s - since_s)
        since_s = max(since_s, done_s)
    parts["unpack_s" if ok else part] += max(0.0, end_s - since_s)
    return parts


def _part(asked: AccessRecord, configs: frozenset[str]) -> str:
    if asked.kind is RequestKind.TOKEN:
        return "auth_s"
    if asked.kind is RequestKind.BLOB and asked.digest not in configs:
        return "download_s"
    return "resolve_s" if asked.method == "HEAD" else "manifest_s"


def request_rows(asked: Sequence[AccessRecord], pull: str) -> Iterator[tuple[Any, ...]]:
    """Rows of the table `requests` for what one pull, or none (""), asked for."""
    for it in asked:
        outcome = Outcome.FAILED if it.cause else Outcome.OK
        yield (
            pull,
            it.node,
            it.kind.value,
            it.method,
            it.status,
            _NAN,  # when it was due only the node knows
            it.at_s,
            it.first_byte_s,
            it.done_s,
            it.sent_bytes,
            it.range_from,
            outcome.value,
            it.cause.value,
            it.bitten_by,
        )
