"""All seams together, as one fault receives them."""

from dataclasses import dataclass

from harness.seams.gateway import Gateway
from harness.seams.link import Link
from harness.seams.nodes import Nodes
from harness.seams.process import Process
from harness.seams.resolver import Resolver
from harness.seams.store import Store
from harness.seams.tls import Tls


@dataclass(frozen=True, kw_only=True)
class Seams:
    """All that a fault may touch, scoped for it."""

    link: Link
    resolver: Resolver
    gateway: Gateway
    store: Store
    cluster: Nodes
    tls: Tls
    process: Process
