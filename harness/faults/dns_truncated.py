"""dns_truncated: the name server's answers do not fit into a datagram."""

from harness.faults._fault import WrongAnswer
from harness.seams import DnsMode


class DnsTruncated(WrongAnswer):
    """The name server's answers do not fit into a datagram, as with very many records.

    Over UDP comes an empty answer with the TC bit; over TCP the whole one. A node asks again over
    TCP at once; a client that cannot takes it for a name without addresses.
    Seen as: nothing on a node, where TCP port 53 is open: two round trips more for each look-up.
    """

    mode = DnsMode.TRUNCATED
