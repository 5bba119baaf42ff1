"""redirect_to_slow_storage: blobs lie in an object store that is slow."""

from pydantic import Field

from harness.faults._fault import GatewayFault
from harness.seams import Injection, Redirect, RequestKind, Seams
from harness.units import BytesPerSecond, Seconds


class RedirectToSlowStorage(GatewayFault):
    """Blobs are in a slow object store or CDN, while the registry itself is fast.

    A request for a blob is answered with 307 and the URL of a storage server, on another port that
    bypasses the link. It sends the blob after `delay`, at `rate` per request, without credentials.
    Faults of the link do not affect it, nor does the registry's own speed.
    Seen as: slower pulls, no event; the registry's own figures stay good. From 30 s of `delay` on
    `Get "U": net/http: timeout awaiting response headers` with the storage server's URL.
    """

    area = "performance"
    example = "{delay: 100ms, rate: 2MB/s}"
    request_kinds = (RequestKind.BLOB,)

    delay_s: Seconds = Field(0.0, alias="delay", description="before the storage's first byte")
    bytes_per_s: BytesPerSecond = Field(alias="rate", description="of each request to the storage")

    def inject(self, seams: Seams) -> Injection:
        redirect = Redirect(first_byte_s=self.delay_s, bytes_per_s=self.bytes_per_s)
        return seams.gateway.rule(
            redirect, kinds=self.request_kinds, methods=("GET",), share=self.share
        )
