"""The certificate authority of one run: it lives in the harness's memory and ends with it."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harness.load.orders import REGISTRY_NAME
from harness.process.clock import utc_now
from harness.seams import Certificate

if TYPE_CHECKING:
    import trustme

CA_FILE = "ca.crt"  # in the run folder: what clients trust
_ORGANISATION = "registry-harness"
_OTHER_ORGANISATION = "an authority that no node knows"
_BACKDATED = timedelta(days=1)  # clocks of nodes differ
_LASTS = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Issues the registry's certificates, right ones and wrong ones, for `names`."""

    names: tuple[str, ...]
    ca: "trustme.CA" = field(repr=False)

    @property
    def ca_pem(self) -> str:
        """What clients shall trust."""
        return self.ca.cert_pem.bytes().decode()

    def certificate(self, wanted: Certificate | None = None) -> str:
        """PEM of a new private key and its certificate; a good one without `wanted`."""
        wanted = wanted or Certificate()
        now = utc_now()
        not_after = now + _LASTS
        if wanted.expired_s is not None:
            not_after = now - timedelta(seconds=wanted.expired_s)
        ca = _new(_OTHER_ORGANISATION) if wanted.unknown_authority else self.ca
        leaf = ca.issue_cert(
            *((wanted.name,) if wanted.name else self.names),
            organization_name=_ORGANISATION,
            organization_unit_name="registry",
            not_before=min(now, not_after) - _BACKDATED,
            not_after=not_after,
        )
        return leaf.private_key_and_cert_chain_pem.bytes().decode()


def new_authority(folder: Path, addresses: tuple[str, ...]) -> Authority:
    """An authority for the registry's name, `localhost`, and `addresses`.

    Its certificate, which is no secret, is written to `folder` as `CA_FILE`. Raises OSError.
    """
    names = dict.fromkeys((REGISTRY_NAME, "localhost", "127.0.0.1", *addresses))
    authority = Authority(names=tuple(names), ca=_new(_ORGANISATION))
    (folder / CA_FILE).write_text(authority.ca_pem, encoding="ascii")
    return authority


def _new(organisation: str) -> "trustme.CA":
    import trustme  # noqa: PLC0415  a quarter of a second, for environments with TLS only

    return trustme.CA(organization_name=organisation)
