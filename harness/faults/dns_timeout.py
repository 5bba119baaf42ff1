"""dns_timeout: the name server does not answer."""

from harness.faults._fault import WrongAnswer
from harness.seams import DnsMode


class DnsTimeout(WrongAnswer):
    """The name server does not answer, as when it is down or cut off.

    A node asks twice and waits 5 s each time before the look-up fails.
    Seen as: `lookup H on S:53: read udp A->S:53: i/o timeout`.
    """

    mode = DnsMode.TIMEOUT
