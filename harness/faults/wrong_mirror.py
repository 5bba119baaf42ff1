"""wrong_mirror: nodes ask a mirror first that does not have the content."""

from harness.faults._fault import HostsFault
from harness.seams import HostsMistake, Injection, Seams


class WrongMirror(HostsFault):
    """Nodes use a mirror first that does not have the content, and then the registry.

    Their hosts.toml has a `[host]` table before `server`, whose API answers 404 to everything, as
    a proxy for another project does. containerd asks it for each request: tag, manifest, config
    and layers, and then the registry.
    Seen as: no event; about twice the requests, and pulls slower by the mirror's answers.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.cluster.hosts(HostsMistake.MIRROR_WITHOUT_CONTENT, share=self.share)
