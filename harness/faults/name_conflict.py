"""name_conflict: one name, two images: it depends on which replica answers."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.seams import Injection, OtherImage, RequestKind, Seams
from harness.units import ChosenShare


class NameConflict(GatewayFault):
    """One name, two images: the replica that answers determines which one a node gets.

    Two replicas behind one name have different images under the same tags, and neither has the
    other's. `share` of the requests reach the second. `per: node`: a node always uses the same
    replica, and half of a Deployment runs another image. `per: request`: each request may reach
    the other replica, so a digest from one does not exist in the next.
    Seen as: `per: node` nothing; only the number of affected requests shows it. `per: request`
    `failed to copy: httpReadSeeker: failed open: content at U not found: not found`, or success by
    luck.
    """

    area = "repositories"
    example = "{per: request}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.MANIFEST, RequestKind.BLOB)

    per: Literal["request", "node"] = Field(
        "request", description="what stays with one replica: nothing, or a node"
    )
    share: ChosenShare = 0.5

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.instead(OtherImage.ANOTHER, share=self.share, per=self.per, alone=True)
