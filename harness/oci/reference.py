"""References: `host[:port]/repository[:tag][@digest]`.

OCI distribution-spec v1.1 gives the grammar of repository and tag; hosts, and what a short name
stands for, are as distribution/reference has them (normalize.go), which containerd follows.
"""

import re
from dataclasses import dataclass

from harness.oci.digest import DIGEST_PATTERN

DEFAULT_HOST = "docker.io"  # distribution/reference: normalize.go
LEGACY_DEFAULT_HOST = "index.docker.io"  # the same, of Docker before 1.10
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
NAME_CHARACTERS = 255  # distribution-spec: many clients limit a name with its host to this
TAG_CHARACTERS = 128

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY_PATTERN = rf"{_COMPONENT}(?:/{_COMPONENT})*"
TAG_PATTERN = rf"[a-zA-Z0-9_][a-zA-Z0-9._-]{{0,{TAG_CHARACTERS - 1}}}"

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_REPOSITORY = re.compile(REPOSITORY_PATTERN)
_TAG = re.compile(TAG_PATTERN)
_DIGEST = re.compile(DIGEST_PATTERN)
_HEX_ID = re.compile(r"[a-f0-9]{64}")  # distribution/reference: an image's id is not its name
_SHOWN_CHARACTERS = 300
_PORTS = 65535


class InvalidReferenceError(ValueError):
    """The text is no reference; the message names the part and its rule."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A normalised reference. `tag` or `digest` may be None, never both."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Host and repository."""
        return f"{self.host}/{self.repository}"

    @property
    def object(self) -> str:
        """What its manifest is asked for by: the digest, or else the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    def __str__(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{self.name}{tag}{digest}"


def is_host(text: str) -> bool:
    """Whether `text` is a registry's name or address, with or without a port."""
    if _HOST.fullmatch(text) is None:
        return False
    _, colon, port = text.rpartition("]")[2].rpartition(":")
    return not colon or (len(port) <= len(str(_PORTS)) and 0 < int(port) <= _PORTS)


def is_repository(text: str) -> bool:
    """Whether `text` can name a repository (without its host)."""
    return len(text) <= NAME_CHARACTERS and _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` can be a tag."""
    return _TAG.fullmatch(text) is not None


def parse_reference(text: str) -> Reference:
    """Read a reference and write it out in full: `nginx` is `docker.io/library/nginx:latest`.

    With tag and digest both are kept; the digest decides. Raises InvalidReferenceError.
    """
    name, at, digest = text.partition("@")
    host, rest = _split_host(name)
    repository, colon, tag = rest.rpartition(":")
    if not colon:
        repository, tag = rest, ""
    if _HEX_ID.fullmatch(name):
        raise _error(text, "64 hexadecimal characters are an image's id, not its name")
    if host == DEFAULT_HOST and "/" not in repository:
        repository = OFFICIAL_PREFIX + repository
    _check(text, host=host, repository=repository)
    if colon and not is_tag(tag):
        raise _error(text, f"tag {_shown(tag)} must match {TAG_PATTERN}")
    if at and _DIGEST.fullmatch(digest) is None:
        raise _error(text, f"digest {_shown(digest)} must match {DIGEST_PATTERN}")
    return Reference(
        host=host,
        repository=repository,
        tag=tag or (None if at else DEFAULT_TAG),
        digest=digest or None,
    )


def _split_host(name: str) -> tuple[str, str]:
    """The first part is a host when it could not be the start of a repository's name."""
    first, slash, rest = name.partition("/")
    is_first_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not is_first_host:
        return DEFAULT_HOST, name
    return DEFAULT_HOST if first == LEGACY_DEFAULT_HOST else first, rest


def _check(text: str, *, host: str, repository: str) -> None:
    if not is_host(host):
        raise _error(text, f"host {_shown(host)} must be a name or address with an optional port")
    if repository in {"", OFFICIAL_PREFIX}:
        raise _error(text, "needs a repository")
    if _REPOSITORY.fullmatch(repository) is None:
        raise _error(text, f"repository {_shown(repository)} must match {REPOSITORY_PATTERN}")
    if len(repository) > NAME_CHARACTERS:
        rule = f"repository may have {NAME_CHARACTERS} characters, got {len(repository)}"
        raise _error(text, rule)


def _error(text: str, rule: str) -> InvalidReferenceError:
    return InvalidReferenceError(f"image {_shown(text)}: {rule}")


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return repr(cut)
