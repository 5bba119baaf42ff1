"""invalid_name: the registry has rules for names that these break."""

from harness.faults._answers import OF_A_REPOSITORY, refusal
from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import ErrorCode
from harness.seams import Injection, Seams


class InvalidName(GatewayFault):
    """The registry rejects repository names, as one that requires a project in the path.

    All requests for the repositories in scope are answered with 400 NAME_INVALID. A name that the
    image reference's own grammar forbids fails in kubelet already (`InvalidImageName`).
    Seen as: `failed to resolve reference "R": unexpected status from HEAD request to U: 400 Bad
    Request`; pushes fail before they send anything.
    """

    area = "repositories"
    example = "{share: 100%}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = OF_A_REPOSITORY

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(
            refusal(ErrorCode.NAME_INVALID), kinds=self.request_kinds, share=self.share
        )
