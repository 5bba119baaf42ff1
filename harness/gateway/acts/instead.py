"""Another image under a tag."""

from harness.gateway.acts._behaviour import (
    ANSWER,
    IGNORE,
    Behaviour,
    OwnAnswer,
    RuleContext,
    Verdict,
    error_answer,
)
from harness.gateway.bodies import SERVED
from harness.gateway.request import GatewayRequest
from harness.oci.digest import is_digest
from harness.oci.errors import STATUSES, ErrorCode
from harness.seams import Document, Instead, RequestKind

_OK = 200


class InsteadBehaviour(Behaviour[Instead]):
    behind_login = True

    def __init__(self, act: Instead, context: RuleContext) -> None:
        super().__init__(act, context)
        self._digests = {(name, tag): digest for name, tag, digest in act.tags}
        self._documents = {(it.repository, it.digest): it for it in act.documents}

    def always_matches(self, request: GatewayRequest) -> bool:
        """For a document that only this rule can answer."""
        key = (request.repositories[0], request.reference)
        return not self.act.alone and key in self._documents

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        """Answer with a document, or let the registry be asked for another digest."""
        if self._document(request) is not None or self._is_unknown(request):
            return ANSWER
        digest = self._digests.get((request.repositories[0], request.reference))
        if digest is None:
            return IGNORE
        return Verdict(step="end", path=request.path.removesuffix(request.reference) + digest)

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        document = self._document(request)
        if document is None:
            code = ErrorCode.MANIFEST_UNKNOWN
            return error_answer(STATUSES[code].value, code)
        headers = [
            ("Content-Type", document.media_type),
            ("Docker-Content-Digest", document.digest),
        ]
        return _OK, headers, document.text.encode()

    def counts(self, status: int, method: str) -> bool:
        return status in SERVED and method in ("GET", "HEAD")

    def _document(self, request: GatewayRequest) -> Document | None:
        name, reference = request.repositories[0], request.reference
        return self._documents.get((name, self._digests.get((name, reference), reference)))

    def _is_unknown(self, request: GatewayRequest) -> bool:
        is_manifest = request.kind is RequestKind.MANIFEST
        return self.act.alone and is_manifest and is_digest(request.reference)
