"""region_latency: the nodes are in another region than the registry."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, Self

from pydantic import Field, model_validator

from harness.faults._fault import LinkFault
from harness.seams import Seams
from harness.units import BytesPerSecond, DelaySeconds, Seconds

_STREAMS: tuple[Literal["upstream", "downstream"], ...] = ("upstream", "downstream")


class RegionLatency(LinkFault):
    """Some nodes are far from the registry: in another region, or on another continent.

    Half of `round_trip` is added in each direction, each plus or minus half of `jitter`; `rate`
    also limits each connection. `where: {nodes: ...}` selects the distant nodes. The link accepts
    a connection before it contacts the registry, so the handshake itself is not delayed: a real
    distant node needs one more round trip per connection.
    Seen as: slower pulls, no event: each of a pull's eight requests pays a round trip.
    """

    example = "{round_trip: 120ms, jitter: 10ms, rate: 20MB/s}"

    round_trip_s: DelaySeconds = Field(alias="round_trip", description="added to every request")
    jitter_s: Seconds = Field(0.0, alias="jitter", description="more or less, at most this")
    bytes_per_s: BytesPerSecond | None = Field(
        None, alias="rate", description="of each connection; as before when not given"
    )

    @model_validator(mode="after")
    def _never_early(self) -> Self:
        if self.jitter_s > self.round_trip_s:
            raise ValueError("jitter must be at most round_trip: nothing comes early")
        return self

    @asynccontextmanager
    async def inject(self, seams: Seams) -> AsyncIterator[None]:
        half = {
            "latency": max(1, round(self.round_trip_s * 500)),
            "jitter": round(self.jitter_s * 500),
        }
        async with AsyncExitStack() as toxics:
            for stream in _STREAMS:
                toxic = seams.link.toxic("latency", half, stream=stream, share=self.share)
                await toxics.enter_async_context(toxic)
            if self.bytes_per_s is not None:
                narrow = {"rate": max(1, round(self.bytes_per_s / 1000))}
                toxic = seams.link.toxic("bandwidth", narrow, share=self.share)
                await toxics.enter_async_context(toxic)
            yield
