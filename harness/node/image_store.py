"""What a node's containerd holds: digests, the manifests among them, leases, locks and room.

A failed pull drops its lease and garbage collection takes what nobody else holds before the next
attempt (seen on a real node: every new attempt asks from byte 0).
"""

import math
from collections import Counter


class ContentStore:
    """The content of one node; all its pulls share it.

    `free_bytes` is the room on its disk, `without_room` counts the downloads that found too little.
    """

    def __init__(self) -> None:
        self.free_bytes = math.inf
        self.without_room = 0
        self._images: dict[str, Lease] = {}
        self._digests: dict[str, str] = {}
        self._holders: Counter[str] = Counter()
        self._manifests: dict[str, bytes] = {}
        self._locked: set[str] = set()

    def __contains__(self, digest: str) -> bool:
        return self._holders[digest] > 0

    def __len__(self) -> int:
        return sum(1 for holders in self._holders.values() if holders > 0)

    def manifest(self, digest: str) -> bytes:
        """The bytes of a manifest, index or config that is held; KeyError when it is not."""
        return self._manifests[digest]

    def keep(self, digest: str, document: bytes | None = None) -> None:
        """Hold `digest` (and the bytes of a `document`) once more."""
        self._holders[digest] += 1
        if document is not None:
            self._manifests[digest] = document

    def release(self, digest: str) -> None:
        """Hold `digest` once less; what nobody holds is gone."""
        self._holders[digest] -= 1
        if self._holders[digest] <= 0:
            del self._holders[digest]
            self._manifests.pop(digest, None)

    def take_room(self, wanted_bytes: int) -> int:
        """As many of `wanted_bytes` as there is room for; it is taken at once."""
        room_bytes = int(min(self.free_bytes, wanted_bytes))
        self.free_bytes -= room_bytes
        return room_bytes

    def give_room(self, room_bytes: int) -> None:
        self.free_bytes += room_bytes

    def tag(self, image: str, lease: "Lease", digest: str = "") -> None:
        """Let `image` be `digest` and hold what `lease` does, and what it held before no more."""
        before = self._images.get(image)
        self._images[image], self._digests[image] = lease, digest
        if before is not None:
            before.drop()

    def digest(self, image: str) -> str:
        """What `image` stands for here; "" for one that is not here."""
        return self._digests.get(image, "")

    def remove(self, image: str) -> None:
        """Remove an image, and the content that it alone held; nothing for one that is not here."""
        lease = self._images.pop(image, None)
        self._digests.pop(image, None)
        if lease is not None:
            lease.drop()

    def lock(self, digest: str) -> bool:
        """Take the right to write `digest`; False while another pull has it."""
        if digest in self._locked:
            return False
        self._locked.add(digest)
        return True

    def unlock(self, digest: str) -> None:
        self._locked.discard(digest)


class Lease:
    """What one pull, and then its image, holds."""

    def __init__(self, content: ContentStore) -> None:
        self.content = content
        self._held: set[str] = set()
        self._room_bytes = 0

    def add(self, digest: str, document: bytes | None = None, room_bytes: int = 0) -> None:
        """Hold `digest`, which took `room_bytes`; a second time changes nothing."""
        self._room_bytes += room_bytes
        if digest not in self._held:
            self._held.add(digest)
            self.content.keep(digest, document)

    def drop(self) -> None:
        """Let go of everything: the pull failed, or its image was removed."""
        for digest in self._held:
            self.content.release(digest)
        self._held.clear()
        self.content.give_room(self._room_bytes)
        self._room_bytes = 0
