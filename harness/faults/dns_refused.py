"""dns_refused: the name server does not want to answer."""

from harness.faults._fault import WrongAnswer
from harness.seams import DnsMode


class DnsRefused(WrongAnswer):
    """The name server answers REFUSED, as one that does not serve this network.

    Seen as: `dial tcp: lookup H on S:53: server misbehaving`.
    """

    mode = DnsMode.REFUSED
