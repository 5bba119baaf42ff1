"""What a fault is scoped to, and what its seams count."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# What a seam returns: entering it changes something, leaving it undoes that.
Injection = AbstractAsyncContextManager[None]


class Seam(StrEnum):
    """The seams by name."""

    LINK = "link"
    RESOLVER = "resolver"
    GATEWAY = "gateway"
    STORE = "store"
    TLS = "tls"
    CLUSTER = "cluster"
    PROCESS = "process"


class RequestKind(StrEnum):
    """What a registry request asks for."""

    PING = "ping"  # /v2/
    MANIFEST = "manifest"
    BLOB = "blob"
    TOKEN = "token"  # noqa: S105  not a password
    TAGS = "tags"
    UPLOAD = "upload"
    REFERRERS = "referrers"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Where:
    """The scope of a fault; empty means everywhere the fault can bite."""

    repository: str | None = None  # a glob over repository names
    kinds: tuple[RequestKind, ...] = ()
    layers: tuple[int, ...] = ()  # positions of layer blobs in their manifest, from 0
    nodes: tuple[str, ...] = ()  # names; background clients are the node "clients"
    first: int | None = None  # of the requests that are in scope, no more than these


@dataclass(frozen=True, kw_only=True)
class Bites:
    """What a scoped seam saw: None where the seam cannot count (a real Toxiproxy)."""

    count: int | None
    details: Mapping[str, Any] = field(default_factory=dict)
