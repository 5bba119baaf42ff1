"""invalid_name: the registry has rules for names that these break."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import OF_A_REPOSITORY, Fault, WhereKey, refusal
from harness.oci.errors import ErrorCode
from harness.seams import RequestKind, Seam, Seams
from harness.units import ChosenShare


class InvalidName(Fault):
    """The registry has rules for names that these break, as a hierarchy with a project in front.

    All that is asked of the repositories in scope is answered with 400 NAME_INVALID. A name that
    the image reference's own grammar forbids gets no further than kubelet (`InvalidImageName`).
    Seen as: `failed to resolve reference "R": unexpected status from HEAD request to U: 400 Bad
    Request`; pushes fail before they send anything.
    """

    area: ClassVar[str] = "repositories"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{share: 100%}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = OF_A_REPOSITORY

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
        return seams.gateway.rule(
            refusal(ErrorCode.NAME_INVALID), kinds=self.request_kinds, share=self.share
        )
