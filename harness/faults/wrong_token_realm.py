"""wrong_token_realm: the registry sends nodes to a token service that is not there."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import CHALLENGED, CLOSED_PORT, Fault, WhereKey
from harness.seams import MisdirectToken, RequestKind, Seam, Seams
from harness.units import ChosenShare

_NO_HOST = "tokens.registry.invalid"  # RFC 6761, 6.4: never a name of anything
_NO_PATH = "/no-such/token"


class WrongTokenRealm(Fault):
    """The registry sends nodes to a token service that is not there.

    The realm in the challenges of 401 answers is another one, as after a move that the registry's
    configuration does not know of: `wrong: path` is nothing on the right host, `wrong: host` is a
    name that nobody knows, `wrong: port` one that nobody listens at.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from GET request
    to U: 404 Not Found` (after a POST that met the same), or `Post "U": dial tcp: lookup H on S: no
    such host`, or `connect: connection refused`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{wrong: path}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = CHALLENGED

    wrong: Literal["path", "host", "port"] = Field(
        "path", description="which part of the realm leads nowhere"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        act = {
            "path": MisdirectToken(path=_NO_PATH),
            "host": MisdirectToken(host=_NO_HOST),
            "port": MisdirectToken(port=CLOSED_PORT),
        }[self.wrong]
        return seams.gateway.rule(act, kinds=CHALLENGED, share=self.share)
