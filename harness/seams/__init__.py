"""The places where behaviour can be changed, as faults see them.

A fault receives a `Seams` that is already scoped: to its `where`, to its seeded chance and to its
deadline. Every change is an async context manager whose exit heals. The service behind each seam
counts the bites and keeps the deadline by itself, so that a dead harness leaves no fault.
"""

from harness.seams.acts import (
    Act,
    ConnectionLimit,
    Corrupt,
    Delay,
    Document,
    EgressQuota,
    Hang,
    Instead,
    MisdirectToken,
    MislabelDigest,
    OtherImage,
    Queue,
    RateLimit,
    Redirect,
    RefuseToken,
    Respond,
    ShareRate,
    SkewClock,
    Truncate,
    Watch,
)
from harness.seams.gateway import Gateway, RuleMatch
from harness.seams.link import Link
from harness.seams.nodes import HostsMistake, Nodes
from harness.seams.process import Process
from harness.seams.resolver import DnsMode, Resolver, Turns
from harness.seams.scope import Bites, Injection, RequestKind, Seam, Where
from harness.seams.seams import Seams
from harness.seams.store import Content, Store
from harness.seams.tls import Certificate, Tls

__all__ = [
    "Act",
    "Bites",
    "Certificate",
    "ConnectionLimit",
    "Content",
    "Corrupt",
    "Delay",
    "DnsMode",
    "Document",
    "EgressQuota",
    "Gateway",
    "Hang",
    "HostsMistake",
    "Injection",
    "Instead",
    "Link",
    "MisdirectToken",
    "MislabelDigest",
    "Nodes",
    "OtherImage",
    "Process",
    "Queue",
    "RateLimit",
    "Redirect",
    "RefuseToken",
    "RequestKind",
    "Resolver",
    "Respond",
    "RuleMatch",
    "Seam",
    "Seams",
    "ShareRate",
    "SkewClock",
    "Store",
    "Tls",
    "Truncate",
    "Turns",
    "Watch",
    "Where",
]
