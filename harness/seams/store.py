"""The store seam: the registry's content at rest."""

from typing import Literal, Protocol

from harness.seams.acts import OtherImage
from harness.seams.scope import Injection

Content = Literal["layers", "manifests"]


class Store(Protocol):
    """The registry's content at rest. `share`: of what is in scope, at least one."""

    def flipped_bytes(
        self, *, flip_bytes: int, share: float = 1.0, of: Content = "layers"
    ) -> Injection:
        """Flip bytes of stored content."""
        ...

    def cut(self, *, keep_share: float, share: float = 1.0) -> Injection:
        """Cut stored layer blobs short."""
        ...

    def missing(self, *, share: float = 1.0, uploaded_share: float | None = None) -> Injection:
        """Lose stored layer blobs; `uploaded_share` of each lies there as an open upload."""
        ...

    def untagged(self, *, share: float = 1.0) -> Injection:
        """Remove tags; what they named stays."""
        ...

    def retagged(
        self,
        other: OtherImage,
        *,
        platform: tuple[str, str] = ("linux", "amd64"),
        share: float = 1.0,
    ) -> Injection:
        """Let tags name another image."""
        ...

    def renamed(self, *, suffix: str | None) -> Injection:
        """Give repositories another name, their own and `suffix`; None: they are gone."""
        ...

    def cleaned(self, *, keep: int, of: Literal["tags", "manifests", "blobs"]) -> Injection:
        """Delete all but the latest `keep` versions of each repository.

        `manifests` takes what the tags name with them, `blobs` also what no manifest needs then.
        """
        ...
