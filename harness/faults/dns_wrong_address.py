"""dns_wrong_address: the registry's name leads elsewhere."""

from contextlib import AbstractAsyncContextManager
from ipaddress import IPv4Address
from typing import ClassVar

from pydantic import Field, field_validator

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams
from harness.units import ChosenShare


class DnsWrongAddress(Fault):
    """The registry's name leads elsewhere, as with a stale or poisoned record.

    Seen as: `connect: connection refused` where nothing listens at the wrong address.
    """

    area: ClassVar[str] = "DNS"
    seam: ClassVar[Seam] = Seam.RESOLVER
    example: ClassVar[str] = "{address: 127.0.0.9}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    address: str = Field("127.0.0.9", description="an IPv4 loopback address: tests stay at home")
    share: ChosenShare = 1.0

    @field_validator("address")
    @classmethod
    def _loopback(cls, value: str) -> str:
        try:
            inside = IPv4Address(value).is_loopback
        except ValueError:
            inside = False
        if not inside:
            raise ValueError("must be an IPv4 address of the loopback network 127.0.0.0/8")
        return value

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(
            DnsMode.WRONG_ADDRESS, address=self.address, share=self.share
        )
