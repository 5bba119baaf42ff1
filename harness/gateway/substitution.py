"""What a rule answers instead of the image that a tag names; no I/O."""

from harness.gateway.request import Ask
from harness.oci.digest import is_digest
from harness.oci.errors import STATUSES, ErrorCode, error_body
from harness.seams import Document, Instead, RequestKind

_OK = 200

Answer = tuple[int, list[tuple[str, str]], bytes]


class Substitution:
    """The tags and documents of one `Instead`, to be found by request."""

    def __init__(self, act: Instead) -> None:
        self._alone = act.alone
        self._digests = {(name, tag): digest for name, tag, digest in act.tags}
        self._documents = {(it.repository, it.digest): it for it in act.documents}

    def is_sure(self, ask: Ask) -> bool:
        """Whether `ask` is for a document that only this rule can answer, whatever the share."""
        return not self._alone and (ask.repositories[0], ask.reference) in self._documents

    def answers(self, ask: Ask) -> bool:
        """Whether the registry is not asked."""
        return self._document(ask) is not None or self._is_unknown(ask)

    def path(self, ask: Ask) -> str | None:
        """What the registry is asked for in place of the tag; None: what `ask` says."""
        digest = self._digests.get((ask.repositories[0], ask.reference))
        return None if digest is None else ask.path.removesuffix(ask.reference) + digest

    def answer(self, ask: Ask) -> Answer:
        """Status, headers and body for what `answers` says yes to."""
        document = self._document(ask)
        if document is None:
            kind = [("Content-Type", "application/json")]
            code = ErrorCode.MANIFEST_UNKNOWN
            return STATUSES[code].value, kind, error_body(code)
        headers = [
            ("Content-Type", document.media_type),
            ("Docker-Content-Digest", document.digest),
        ]
        return _OK, headers, document.text.encode()

    def _document(self, ask: Ask) -> Document | None:
        name, reference = ask.repositories[0], ask.reference
        return self._documents.get((name, self._digests.get((name, reference), reference)))

    def _is_unknown(self, ask: Ask) -> bool:
        return self._alone and ask.kind is RequestKind.MANIFEST and is_digest(ask.reference)
