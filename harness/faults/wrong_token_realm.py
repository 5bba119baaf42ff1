"""wrong_token_realm: the registry sends nodes to a token service that is not there."""

from typing import Literal

from pydantic import Field

from harness.faults._answers import CHALLENGED, CLOSED_PORT
from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.seams import Injection, MisdirectToken, Seams

_NO_HOST = "tokens.registry.invalid"  # RFC 6761, 6.4: never a name of anything
_NO_PATH = "/no-such/token"


class WrongTokenRealm(GatewayFault):
    """The registry sends nodes to a token service that does not exist.

    The realm in the challenges of 401 responses is wrong, as after a move that the registry's
    configuration missed: `wrong: path` is a path that does not exist on the right host, `wrong:
    host` a name that does not resolve, `wrong: port` a port where nothing listens.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from GET request
    to U: 404 Not Found` (after a POST that met the same), or `Post "U": dial tcp: lookup H on S: no
    such host`, or `connect: connection refused`.
    """

    area = "authentication"
    login_needed = "tokens"
    example = "{wrong: path}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = CHALLENGED

    wrong: Literal["path", "host", "port"] = Field(
        "path", description="which part of the realm leads nowhere"
    )

    def inject(self, seams: Seams) -> Injection:
        act = {
            "path": MisdirectToken(path=_NO_PATH),
            "host": MisdirectToken(host=_NO_HOST),
            "port": MisdirectToken(port=CLOSED_PORT),
        }[self.wrong]
        return seams.gateway.rule(act, kinds=CHALLENGED, share=self.share)
