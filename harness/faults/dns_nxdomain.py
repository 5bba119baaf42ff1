"""dns_nxdomain: the registry's name does not exist."""

from harness.faults._fault import WrongAnswer
from harness.seams import DnsMode


class DnsNxdomain(WrongAnswer):
    """The registry's name does not exist, as after a wrong change of the zone.

    Seen as: `dial tcp: lookup H on S:53: no such host`, at once.
    """

    mode = DnsMode.NXDOMAIN
