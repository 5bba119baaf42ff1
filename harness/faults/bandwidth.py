"""bandwidth: the path to the registry is narrow."""

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import BytesPerSecond, value_text


class Bandwidth(LinkFault):
    """The bandwidth to the registry is limited: each connection gets at most `rate`.

    The limit is per connection, as in Toxiproxy: a node that fetches three layers in parallel gets
    three times as much, and twenty such nodes sixty times. `shared_bandwidth`, or the key
    `environment.network.egress`, limits all of them together.
    Seen as: slower pulls; with no byte for 5 minutes `context canceled`.
    """

    example = "{rate: 1MB/s}"

    bytes_per_s: BytesPerSecond = Field(alias="rate", description="of each connection")

    def caution(self, link: str, layer_bytes: int) -> str:
        del link, layer_bytes
        rate = value_text("bytes_per_s", self.bytes_per_s)
        return f"{rate} for each connection, however many there are; shared_bandwidth limits all"

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic(
            "bandwidth", {"rate": max(1, round(self.bytes_per_s / 1000))}, share=self.share
        )
