"""The tables of samples that a load writes: names, columns and types, the same for every cluster.

Times are seconds since the run began, on one monotonic clock; NaN where a moment never came.
A batch is one Parquet file `samples/<table>-<writer>-<number>.parquet`, whole or absent, so that a
killed run keeps what it had. A run that ends makes one file of them, `samples/<table>.parquet`.
"""

from typing import Final, Literal

ColumnType = Literal["str", "float", "int", "bool"]

# The parts of a pull, and of a pod's delay, in the order in which they pass; in seconds.
PULL_PARTS: Final = ("resolve_s", "auth_s", "manifest_s", "download_s", "unpack_s")
POD_PARTS: Final = ("schedule_s", "queue_s", *PULL_PARTS, "backoff_s", "start_s")

PODS: Final[dict[str, ColumnType]] = {
    "pod": "str",
    "rollout": "str",
    "node": "str",
    "image": "str",
    "created_s": "float",
    "scheduled_s": "float",
    "ready_s": "float",
    "delay_s": "float",  # ready_s - created_s; NaN when not ready
    "phase": "str",  # filled by analysis from the faults' real windows; "" in a recording
    "outcome": "str",  # outcome.Outcome
    "cause": "str",  # outcome.Cause of the last failed attempt of a pod that is not ready
    "attempts": "int",
    "cached": "bool",  # no byte was pulled for it
    "round": "int",  # which repeat of its rollout, from 1
    "ended_s": "float",  # ready_s, or when the load stopped watching
    "schedule_s": "float",  # the parts of the delay; they add up to it
    "queue_s": "float",
    "resolve_s": "float",
    "auth_s": "float",
    "manifest_s": "float",
    "download_s": "float",
    "unpack_s": "float",
    "backoff_s": "float",
    "start_s": "float",
    "image_digest": "str",  # what it runs: as pulled by its name; "" when not known
    "built_digest": "str",  # what was built; filled by analysis, "" in a recording
}

PULLS: Final[dict[str, ColumnType]] = {
    "pull": "str",
    "pod": "str",  # "" for background clients
    "node": "str",
    "image": "str",
    "attempt": "int",
    "started_s": "float",  # NaN when no client was ever free
    "ended_s": "float",
    "outcome": "str",
    "cause": "str",
    "error_text": "str",
    "bytes": "int",
    "requests": "int",
    "due_s": "float",  # when it should have started: schedule, or kubelet's decision
    "queue_s": "float",
    "resolve_s": "float",
    "auth_s": "float",
    "manifest_s": "float",
    "download_s": "float",
    "unpack_s": "float",
    "waited_for_client_s": "float",  # of started_s - due_s: every client was busy
}

REQUESTS: Final[dict[str, ColumnType]] = {
    "pull": "str",
    "node": "str",
    "kind": "str",  # seams.RequestKind, and "dns" for a look-up
    "method": "str",
    "status": "int",  # 0: no answer came
    "due_s": "float",
    "sent_s": "float",
    "first_byte_s": "float",
    "done_s": "float",
    "bytes": "int",
    "range_from": "int",
    "outcome": "str",
    "cause": "str",
    "bitten_by": "str",  # id of the fault whose gateway rule changed the answer
}

PUSHES: Final[dict[str, ColumnType]] = {
    "push": "str",
    "node": "str",
    "repository": "str",
    "due_s": "float",
    "started_s": "float",
    "ended_s": "float",
    "outcome": "str",
    "cause": "str",
    "error_text": "str",
    "bytes": "int",
    "requests": "int",
    "waited_for_client_s": "float",
}

POD_EVENTS: Final[dict[str, ColumnType]] = {
    "at_s": "float",
    "pod": "str",
    "node": "str",
    "type": "str",  # Normal, Warning; "" for a change of the published waiting reason
    "reason": "str",
    "message": "str",
}

TABLES: Final[dict[str, dict[str, ColumnType]]] = {
    "pods": PODS,
    "pulls": PULLS,
    "requests": REQUESTS,
    "pod_events": POD_EVENTS,
    "pushes": PUSHES,
}
