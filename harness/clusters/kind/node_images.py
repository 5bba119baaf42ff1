"""The images that a node's containerd holds, by what it lists. Rules without I/O."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

CTR: Final = ("ctr", "--namespace", "k8s.io", "images")  # not every node image has crictl
_DIGEST: Final = 2  # REF TYPE DIGEST SIZE PLATFORMS LABELS


def read_images(listing: bytes) -> dict[str, str]:
    """Digest by name, of what `ctr images list` says."""
    lines = (line.split() for line in listing.decode(errors="replace").splitlines()[1:])
    return {words[0]: words[_DIGEST] for words in lines if len(words) > _DIGEST}


def tags_in(held: Mapping[str, str], registry_name: str, repository: str) -> tuple[str, ...]:
    """The tags of the registry's images; `repository` is a glob."""
    prefix = f"{registry_name}/"
    return tuple(
        name
        for name in held
        if name.startswith(prefix)
        and "@" not in name
        and fnmatchcase(name.removeprefix(prefix).rpartition(":")[0], repository)
    )


def names_of(held: Mapping[str, str], tags: tuple[str, ...]) -> tuple[str, ...]:
    """All names of those images: CRI gives each three, and any of them keeps the content."""
    digests = {held[tag] for tag in tags}
    return tuple(name for name, digest in held.items() if digest in digests)
