"""dns_servfail: the name server cannot answer."""

from harness.faults._fault import WrongAnswer
from harness.seams import DnsMode


class DnsServfail(WrongAnswer):
    """The name server answers SERVFAIL, as when its own upstream is down.

    Seen as: `dial tcp: lookup H on S:53: server misbehaving`.
    """

    mode = DnsMode.SERVFAIL
