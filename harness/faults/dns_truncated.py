"""dns_truncated: the name server's answers do not fit into a datagram."""

from harness.faults._fault import WrongAnswer
from harness.seams import DnsMode


class DnsTruncated(WrongAnswer):
    """The name server's answers do not fit into a datagram, as with very many records.

    Over UDP the answer is empty, with the TC bit set; over TCP it is complete. A node retries over
    TCP at once; a client that cannot do so sees a name without addresses.
    Seen as: nothing on a node, where TCP port 53 is open: two round trips more for each look-up.
    """

    mode = DnsMode.TRUNCATED
