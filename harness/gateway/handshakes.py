"""Handshake rules: which connections are shown another certificate, or kept waiting for any."""

import asyncio
import os
import ssl
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from harness.chance import Chance
from harness.gateway.orders import InvalidOrderError, Name
from harness.process.clock import monotonic_s


@dataclass(frozen=True, kw_only=True)
class HandshakeOrder:
    """What a rule does to a `share` of the handshakes of `nodes` (empty: all), until `deadline_s`.

    `certificate`: PEM of a private key and its chain, shown instead of the registry's own; ""
    leaves the client's first message without an answer; with `drops` also when the rule ends, which
    closes the connection. `deadline_s` is on the monotonic clock.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    rule: Name
    fault: Name
    certificate: str = field(repr=False)
    drops: bool = False
    nodes: tuple[str, ...] = ()
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0
    step: str = ""
    deadline_s: float


_ORDER: TypeAdapter[HandshakeOrder] = TypeAdapter(HandshakeOrder)


def read_handshake_order(data: object) -> HandshakeOrder:
    """The order in JSON data. Raises InvalidOrderError, which never has the certificate."""
    try:
        return _ORDER.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "rule"
        raise InvalidOrderError(f"{place}: {first['msg']}") from None


class HandshakeRule:
    """One rule at work. `gone` is set when it is removed or has passed its deadline."""

    def __init__(self, order: HandshakeOrder) -> None:
        self.order = order
        self.bites = 0
        self.gone = asyncio.Event()
        self.context = server_context(order.certificate) if order.certificate else None
        if self.context is not None:
            self.context.sni_callback = self._on_hello
        self._chance = Chance(order.seed, order.step)
        self._came: Counter[str] = Counter()

    def matches(self, node: str) -> bool:
        """Whether the next connection of `node` is one to act on; the share's answer is used up."""
        order = self.order
        if order.nodes and node not in order.nodes:
            return False
        if self.gone.is_set() or monotonic_s() >= order.deadline_s:
            return False
        self._came[node] += 1
        return order.share >= 1 or self._chance.says(order.share, f"{node} {self._came[node]}")

    def _on_hello(self, *_: object) -> None:
        """A client has begun to speak: OpenSSL asks which certificate it shall see."""
        self.bites += 1


class Handshakes:
    """All handshake rules of a gateway.

    `context` has the registry's own certificate; `nodes` are identified by the port they came to.
    """

    def __init__(self, context: ssl.SSLContext, nodes: Mapping[int, str]) -> None:
        self.context = context
        self._nodes = nodes
        self._rules: dict[str, HandshakeRule] = {}

    def add(self, order: HandshakeOrder) -> None:
        """Raises InvalidOrderError for a name that was used before or a broken certificate."""
        if order.rule in self._rules:
            raise InvalidOrderError(f"rule: {order.rule} was added before")
        try:
            rule = self._rules[order.rule] = HandshakeRule(order)
        except ssl.SSLError as error:
            raise InvalidOrderError(f"certificate: {error.reason}") from None
        delay_s = max(0.0, order.deadline_s - monotonic_s())
        asyncio.get_running_loop().call_later(delay_s, rule.gone.set)

    def remove(self, name: str) -> int:
        """Its bites, which are kept. Raises InvalidOrderError for an unknown one."""
        rule = self._rules.get(name)
        if rule is None:
            raise InvalidOrderError(f"rule: {name} is not known")
        rule.gone.set()
        return rule.bites

    def bites(self, names: Iterable[str]) -> dict[str, int]:
        """By rule, also of those that are gone; unknown names are left out."""
        return {name: self._rules[name].bites for name in names if name in self._rules}

    def biting(self, port: int) -> HandshakeRule | None:
        """The rule for a new connection that came to `port`: the first that matches."""
        node = self._nodes.get(port, "")
        return next((rule for rule in self._rules.values() if rule.matches(node)), None)


def server_context(pem: str) -> ssl.SSLContext:
    """A server with this private key and certificate chain. Raises ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 0  # containerd resumes no session
    with _as_path(pem.encode()) as path:
        context.load_cert_chain(path)
    return context


@contextmanager
def _as_path(secret: bytes) -> Iterator[str]:
    """A path that reads as `secret`, because OpenSSL takes keys from files only.

    On Linux it is memory without a name, elsewhere a file that only its owner may read.
    """
    if sys.platform == "linux":
        with open(os.memfd_create("certificate"), "wb") as memory:  # noqa: PTH123  a descriptor
            memory.write(secret)
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(secret)
            file.flush()
            yield file.name
