"""wrong_platform: images are not for the platform of the nodes."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import ContentFault
from harness.seams import Injection, OtherImage, RequestKind, Seams


class WrongPlatform(ContentFault):
    """Images are not for the platform of the nodes, as after a build on another machine.

    `tag: index` lets tags name an index without `platform`; `tag: manifest` the manifest of
    another platform, without an index: a node does not check it, pulls it, and the program cannot
    start (`exec format error`). Emulated nodes do not emulate that: they report the pod Ready.
    Seen as: `no match for platform in manifest: not found` for an index; nothing in the pull for a
    manifest; only the number of affected requests shows it.
    """

    example = "{on: rest, tag: index}"
    request_kinds = (RequestKind.MANIFEST, RequestKind.BLOB)

    tag: Literal["index", "manifest"] = Field("index", description="what the tags name")
    platform: Literal["linux/amd64", "linux/arm64"] = Field(
        "linux/amd64", description="the one that is missing; emulated nodes are linux/amd64"
    )

    def inject(self, seams: Seams) -> Injection:
        other = OtherImage.NO_PLATFORM if self.tag == "index" else OtherImage.WRONG_PLATFORM
        system, _, architecture = self.platform.partition("/")
        platform = (system, architecture)
        if self.on == "rest":
            return seams.store.retagged(other, platform=platform, share=self.share)
        return seams.gateway.instead(other, platform=platform, share=self.share)
