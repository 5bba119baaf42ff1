"""wrong_registry_url: nodes ask for the registry where it is not."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import NODES_WHERE, Fault, WhereKey
from harness.seams import HostsMistake, Seam, Seams
from harness.units import ChosenShare


class WrongRegistryUrl(Fault):
    """Nodes ask for the registry where it is not: its host, port or path is written wrong.

    Their hosts.toml names `part` wrong, as after a typing error in the node's configuration or a
    registry that moved. containerd reads that file at each pull, so a node that has the image
    notices nothing.
    Seen as: host `dial tcp: lookup H on S:53: no such host`, port `connect: connection refused`,
    path `R: not found`.
    """

    area: ClassVar[str] = "wrong address"
    seam: ClassVar[Seam] = Seam.CLUSTER
    example: ClassVar[str] = "{part: port}"
    where_keys: ClassVar[frozenset[WhereKey]] = NODES_WHERE

    part: Literal["host", "port", "path"] = Field("host", description="what is written wrong")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the cluster is scoped with it
        return seams.cluster.hosts(HostsMistake(f"wrong_{self.part}"), share=self.share)
