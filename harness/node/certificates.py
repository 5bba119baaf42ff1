"""Which server certificates a node refuses, in the order and the words of Go's verifier.

Go: crypto/x509/verify.go (Certificate.Verify, VerifyHostname, the Error methods).
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

_PREFIX = "tls: failed to verify certificate: x509: "  # crypto/tls: CertificateVerificationError
_RFC3339 = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class ServerCertificate:
    """What a node looks at. Times are in UTC; `trusted`: a known authority has signed it."""

    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    trusted: bool


def refusal(certificate: ServerCertificate, host: str, now: datetime) -> str:
    """Why a node that asked for `host` (a name or an address) goes no further; "" when it does."""
    out_of_date = "certificate has expired or is not yet valid: current time"
    if now < certificate.not_before:
        return f"{_PREFIX}{out_of_date} {_when(now)} is before {_when(certificate.not_before)}"
    if now > certificate.not_after:
        return f"{_PREFIX}{out_of_date} {_when(now)} is after {_when(certificate.not_after)}"
    if wrong := _wrong_name(certificate, host):
        return _PREFIX + wrong
    if not certificate.trusted:
        return f"{_PREFIX}certificate signed by unknown authority"
    return ""


def _when(moment: datetime) -> str:
    return moment.strftime(_RFC3339)


def _wrong_name(certificate: ServerCertificate, host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        if any(_covers(name, host) for name in certificate.names):
            return ""
        valid = certificate.names
    else:
        if any(ip_address(own) == address for own in certificate.addresses):
            return ""
        valid = certificate.addresses
        if not valid:
            return f"cannot validate certificate for {host} because it doesn't contain any IP SANs"
    if not valid:
        return f"certificate is not valid for any names, but wanted to match {host}"
    return f"certificate is valid for {', '.join(valid)}, not {host}"


def _covers(pattern: str, host: str) -> bool:
    """A `*` stands for the whole of the first label only (matchHostnames)."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    first, _, rest = pattern.partition(".")
    if first == "*":
        return bool(rest) and host.partition(".")[2] == rest
    return pattern == host
