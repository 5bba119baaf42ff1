"""overloaded_registry: the registry has more to do than it can."""

from pydantic import Field, StrictInt

from harness.faults._answers import OF_CLIENTS
from harness.faults._fault import REQUESTS_WHERE, Fault
from harness.seams import Injection, Queue, Seam, Seams
from harness.units import DelaySeconds


class OverloadedRegistry(Fault):
    """The registry is overloaded: few requests are served at a time, the others queue.

    `at_once` requests are served in parallel, each taking `service` plus its normal time, so at
    most `at_once` per `service` complete; if requests arrive faster, they wait longer and longer.
    When `queue` requests are waiting, further ones are answered with 503. Removing the fault
    empties the queue at once.
    Seen as: slower pulls the more nodes there are, then `net/http: timeout awaiting response
    headers` after 30 s, or `503 Service Unavailable`; the retries add to the load.
    """

    area = "performance"
    seam = Seam.GATEWAY
    example = "{at_once: 1, service: 100ms}"
    where_keys = REQUESTS_WHERE
    request_kinds = OF_CLIENTS

    at_once: StrictInt = Field(ge=1, le=10_000, description="requests that are served at a time")
    service_s: DelaySeconds = Field(alias="service", description="how long each keeps its place")
    queue: StrictInt | None = Field(
        None, ge=0, description="requests that may wait; any number when not given"
    )

    def inject(self, seams: Seams) -> Injection:
        queue = Queue(at_once=self.at_once, service_s=self.service_s, waiting=self.queue)
        return seams.gateway.rule(queue, kinds=self.request_kinds)
