"""insufficient_scope: the token that a node gets does not allow what it asks for."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import GATEWAY_WHERE, Fault, WhereKey
from harness.seams import RefuseToken, RequestKind, Seam, Seams
from harness.units import ChosenShare


class InsufficientScope(Fault):
    """The token that a node gets does not allow what it asks for, although its secret is right.

    A token service gives a narrower token to those who may not have all that they ask for, never
    an error; the registry then answers 401 with `error="insufficient_scope"` to a request that
    carries one. A node fetches no other: the attempt fails with the second 401.
    Seen as: `pull access denied, repository does not exist or may require authorization: server
    message: insufficient_scope: authorization failed`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{share: 100%}"
    where_keys: ClassVar[frozenset[WhereKey]] = GATEWAY_WHERE
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.MANIFEST, RequestKind.BLOB)

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        return seams.gateway.rule(
            RefuseToken(error="insufficient_scope"),
            kinds=self.request_kinds,
            share=self.share,
            authenticated=True,
        )
