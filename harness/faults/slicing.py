"""slicing: data comes in many small pieces."""

from typing import Self

from pydantic import Field, model_validator

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import ByteCount, Seconds


class Slicing(LinkFault):
    """Data arrives in many small pieces, as over a path with a tiny MTU or a slow proxy.

    The registry's data is cut into slices of about `size`, each sent `delay` after the previous
    one, so a connection gets at most `size` per `delay`.
    Seen as: slower pulls, no event; a byte now and then is progress enough for containerd.
    """

    example = "{size: 8KiB, variation: 1KiB, delay: 5ms}"

    size_bytes: ByteCount = Field(alias="size", description="of a slice, on average")
    variation_bytes: ByteCount | None = Field(
        None, alias="variation", description="slices are this much longer or shorter, at most"
    )
    delay_s: Seconds = Field(0.0, alias="delay", description="between slices; to the microsecond")

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.variation_bytes is not None and self.variation_bytes >= self.size_bytes:
            raise ValueError("variation must be below size: every slice has a byte")
        return self

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic(
            "slicer",
            {
                "average_size": self.size_bytes,
                "size_variation": self.variation_bytes or 0,
                "delay": round(self.delay_s * 1_000_000),
            },
            share=self.share,
        )
