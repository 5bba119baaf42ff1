"""redirect_to_slow_storage: blobs lie in an object store that is slow."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import GATEWAY_WHERE, Fault, WhereKey
from harness.seams import Redirect, RequestKind, Seam, Seams
from harness.units import BytesPerSecond, ChosenShare, Seconds

_KINDS = (RequestKind.BLOB,)


class RedirectToSlowStorage(Fault):
    """Blobs lie in an object store or behind a CDN that is slow, while the registry itself is fast.

    A request for a blob is answered 307 with the URL of a storage server, on another port and past
    the link; it gives the blob out `delay` later, at `rate` for each request, and asks for no
    credentials. Faults of the link do not reach it, nor does the registry's own speed.
    Seen as: slower pulls, no event; the registry's own figures stay good. From 30 s of `delay` on
    `Get "U": net/http: timeout awaiting response headers` with the storage server's URL.
    """

    area: ClassVar[str] = "performance"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{delay: 100ms, rate: 2MB/s}"
    where_keys: ClassVar[frozenset[WhereKey]] = GATEWAY_WHERE
    request_kinds: ClassVar[tuple[RequestKind, ...]] = _KINDS

    delay_s: Seconds = Field(0.0, alias="delay", description="before the storage's first byte")
    bytes_per_s: BytesPerSecond = Field(alias="rate", description="of each request to the storage")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        redirect = Redirect(first_byte_s=self.delay_s, bytes_per_s=self.bytes_per_s)
        return seams.gateway.rule(redirect, kinds=_KINDS, methods=("GET",), share=self.share)
