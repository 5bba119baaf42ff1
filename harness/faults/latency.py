"""latency: every answer of the registry comes late."""

from typing import Self

from pydantic import Field, model_validator

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import DelaySeconds, Seconds

# Toxiproxy 2.12: toxics/latency.go buffers 1,024 chunks, and io.Copy reads 32 KiB at a time.
# Measured: 256 MiB came at 64 MiB/s under 500 ms, and at 36 MiB/s under 1 s.
_HELD_BYTES = 1024 * (32 << 10)


class Latency(LinkFault):
    """Every response of the registry is slow, as from a distant region or over a congested path.

    Each chunk on its way to the node is delayed by `delay`, plus or minus `jitter`. The real
    Toxiproxy holds at most 1,024 chunks of 32 KiB per connection, so it also limits a blob's speed
    to about 32 MiB per `delay`; the embedded link does not.
    Seen as: slower pulls, no event; above 30 s `net/http: timeout awaiting response headers`.
    """

    example = "{delay: 200ms, jitter: 50ms}"

    delay_s: DelaySeconds = Field(alias="delay", description="how late each chunk comes")
    jitter_s: Seconds = Field(0.0, alias="jitter", description="more or less, at most this")

    @model_validator(mode="after")
    def _never_early(self) -> Self:
        if self.jitter_s > self.delay_s:
            raise ValueError("jitter must be at most delay: nothing comes early")
        return self

    def caution(self, link: str, layer_bytes: int) -> str:
        if link not in ("auto", "toxiproxy") or layer_bytes <= _HELD_BYTES:
            return ""
        cap_mib = _HELD_BYTES / self.delay_s / 2**20
        return f"a real Toxiproxy also caps each connection at about {cap_mib:,.0f} MiB/s"

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic(
            "latency",
            {"latency": round(self.delay_s * 1000), "jitter": round(self.jitter_s * 1000)},
            share=self.share,
        )
