"""What a node's containerd holds: digests, the manifests among them, leases and locks.

A failed pull drops its lease and garbage collection takes what nobody else holds before the next
attempt (seen on a real node: every new attempt asks from byte 0).
"""

from collections import Counter


class ContentStore:
    """The content of one node; all its pulls share it."""

    def __init__(self) -> None:
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

    def lock(self, digest: str) -> bool:
        """Take the right to write `digest`; False while another pull has it."""
        if digest in self._locked:
            return False
        self._locked.add(digest)
        return True

    def unlock(self, digest: str) -> None:
        self._locked.discard(digest)


class Lease:
    """What one pull holds until it succeeds."""

    def __init__(self, content: ContentStore) -> None:
        self.content = content
        self._held: set[str] = set()

    def add(self, digest: str, document: bytes | None = None) -> None:
        """Hold `digest` for this pull; a second time changes nothing."""
        if digest not in self._held:
            self._held.add(digest)
            self.content.keep(digest, document)

    def drop(self) -> None:
        """Let go of everything: the pull failed."""
        for digest in self._held:
            self.content.release(digest)
        self._held.clear()
