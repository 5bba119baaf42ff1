"""From a query's bytes to an answer's bytes, or to silence: the zone's truth bent by the rules."""

from dataclasses import dataclass, field
from typing import assert_never

from dnslib import DNSRecord

from harness.resolver.dns_rules import Asked, Rule, Rules, Transport
from harness.resolver.zone import (
    MalformedQueryError,
    Query,
    Zone,
    address_answer,
    coded_answer,
    form_error,
    pack,
    parse_query,
    true_answer,
    truncated_answer,
)
from harness.seams import DnsMode


@dataclass(frozen=True, kw_only=True)
class DnsResponse:
    """What to send, and how long to wait before; `wire` None: nothing is ever sent."""

    wire: bytes | None
    wait_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class NameServer:
    """Answers queries; without sockets and without a clock of its own."""

    zone: Zone
    rules: Rules = field(default_factory=Rules)

    def answer(self, wire: bytes, *, node: str, transport: Transport, now_s: float) -> DnsResponse:
        """The answer to `wire`, which came to the port of `node`. Raises nothing."""
        try:
            query = parse_query(wire)
        except MalformedQueryError as error:
            return DnsResponse(wire=form_error(wire) if error.header else None)
        truth = true_answer(self.zone, query)
        if query.question is None or not self.zone.owns(query):
            return DnsResponse(wire=pack(query, truth, transport))
        asked = Asked(
            node=node, name=query.name, record_type=query.record_type, transport=transport
        )
        return self._bent(query, truth, transport, self.rules.choosing(asked, now_s))

    def _bent(
        self, query: Query, truth: DNSRecord, transport: Transport, rules: list[Rule]
    ) -> DnsResponse:
        """Delays add up; among the others the oldest rule decides."""
        right = pack(query, truth, transport)
        wire: bytes | None = right
        wait_s = 0.0
        for rule in rules:
            if rule.mode is DnsMode.DELAY:
                wait_s += rule.delay_ms / 1000
                bites = rule.delay_ms > 0
            elif wire == right:
                wire = self._wrong(query, rule, transport, right)
                bites = wire != right
            else:
                bites = False
            if bites:
                self.rules.count_bite(rule)
        return DnsResponse(wire=wire, wait_s=wait_s)

    def _wrong(self, query: Query, rule: Rule, transport: Transport, right: bytes) -> bytes | None:
        match rule.mode:
            case DnsMode.NXDOMAIN | DnsMode.SERVFAIL | DnsMode.REFUSED:
                wrong = coded_answer(self.zone, query, rule.mode.upper())
            case DnsMode.WRONG_ADDRESS:
                wrong = address_answer(self.zone, query, rule.address)
            case DnsMode.TRUNCATED:
                if transport == "tcp":
                    return right
                wrong = truncated_answer(query)
            case DnsMode.TIMEOUT:
                return None
            case DnsMode.DELAY:
                return right
            case _:
                assert_never(rule.mode)
        return pack(query, wrong, transport)
