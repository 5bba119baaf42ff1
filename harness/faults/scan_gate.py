"""scan_gate: the registry refuses images that no scanner has passed."""

import json
from typing import Literal

from pydantic import Field

from harness.faults._answers import OwnBody, with_body
from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import ErrorCode, error_body
from harness.seams import Injection, RequestKind, Respond, Seams

# goharbor/harbor: src/server/middleware/vulnerable/vulnerable.go, an image without a report; the
# rule is asked on GET and HEAD of manifests (src/server/registry/route.go).
_HARBOR = {
    "code": "PROJECTPOLICYVIOLATION",
    "message": (
        "current image without vulnerability scanning cannot be pulled due to configured policy "
        "in 'Prevent images with vulnerability severity of \"Critical\" or higher from running.' "
        "To continue with pull, please contact your project administrator for help."
    ),
}
_DENIED = "image is blocked by policy: it has not been scanned"


class ScanGate(GatewayFault):
    """The registry refuses images that have not been scanned, by a project policy.

    Requests for manifests are answered with `status`: 412 as Harbor's PROJECTPOLICYVIOLATION, 403
    as DENIED elsewhere. Nothing on the node or in the image is wrong, and no retry helps.
    Seen as: `unexpected status from HEAD request to U: 412 Precondition Failed` or `403 Forbidden`;
    for 403 the node asks once more by GET and prints `denied: ...` on a second line. `body`
    replaces the words.
    """

    area = "quota"
    example = "{status: 412}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.MANIFEST,)

    status: Literal[403, 412] = Field(412, description="how requests for manifests are answered")

    body: OwnBody | None = Field(None, description="of the answer, instead of its own")

    def inject(self, seams: Seams) -> Injection:
        harbor = json.dumps({"errors": [_HARBOR]})
        denied = error_body(ErrorCode.DENIED, _DENIED).decode()
        answer = Respond(
            status=self.status,
            headers=(("Content-Type", "application/json"),),
            body=denied if self.status == 403 else harbor,  # noqa: PLR2004  a choice above
        )
        return seams.gateway.rule(
            with_body(answer, self.body),
            kinds=(RequestKind.MANIFEST,),
            methods=("GET", "HEAD"),
            share=self.share,
        )
