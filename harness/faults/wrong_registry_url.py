"""wrong_registry_url: nodes ask for the registry where it is not."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import HostsFault
from harness.seams import HostsMistake, Injection, Seams


class WrongRegistryUrl(HostsFault):
    """Nodes use a wrong registry URL: its host, port or path is misspelt.

    Their hosts.toml has a wrong `part`, as after a typo in the node's configuration or a move of
    the registry. containerd reads that file at each pull, so a node that has the image is not
    affected.
    Seen as: host `dial tcp: lookup H on S:53: no such host`, port `connect: connection refused`,
    path `R: not found`.
    """

    example = "{part: port}"

    part: Literal["host", "port", "path"] = Field("host", description="what is written wrong")

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.hosts(HostsMistake(f"wrong_{self.part}"), share=self.share)
