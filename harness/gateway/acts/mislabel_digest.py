"""A Docker-Content-Digest that is not the content's."""

from harness.gateway.acts._behaviour import Behaviour, HeaderLines, replace_header
from harness.oci.digest import digest_of
from harness.seams import MislabelDigest

_NAME = b"docker-content-digest"
_MALFORMED = "sha256:not-a-digest"


class MislabelDigestBehaviour(Behaviour[MislabelDigest]):
    def change_headers(self, status: int, headers: HeaderLines) -> bool:
        if self.act.says != "missing":
            return replace_header(headers, _NAME, self._mislabelled)
        kept = [it for it in headers if it[0].lower() != _NAME]
        changed, headers[:] = len(kept) < len(headers), kept
        return changed

    def _mislabelled(self, digest: str) -> str:
        return _MALFORMED if self.act.says == "malformed" else digest_of(digest.encode())
