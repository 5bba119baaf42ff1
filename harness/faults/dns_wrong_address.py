"""dns_wrong_address: the registry's name leads elsewhere."""

from ipaddress import IPv4Address

from pydantic import Field, field_validator

from harness.faults._fault import ResolverFault
from harness.seams import DnsMode, Injection, Seams


class DnsWrongAddress(ResolverFault):
    """The registry's name resolves to another address, as with a stale or poisoned record.

    Seen as: `connect: connection refused` where nothing listens at the wrong address.
    """

    example = "{address: 127.0.0.9}"

    address: str = Field("127.0.0.9", description="an IPv4 loopback address: tests stay at home")

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

    def inject(self, seams: Seams) -> Injection:
        return seams.resolver.answering(
            DnsMode.WRONG_ADDRESS, address=self.address, share=self.share
        )
