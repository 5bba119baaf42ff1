"""Image names as containerd reads them: registry host, repository, tag or digest, normalised."""

from dataclasses import dataclass

_DEFAULT_HOST = "docker.io"  # distribution/reference: normalize.go


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """A normalised image name; `digest` is "" when it goes by tag, `tag` "" by digest alone."""

    host: str
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"

    @property
    def object(self) -> str:
        """What the manifest is asked for by."""
        return self.digest or self.tag


def parse_image_name(text: str) -> ImageName:
    """`nginx` is `docker.io/library/nginx:latest`.

    Raises ValueError for an empty name or repository.
    """
    name, _, digest = text.partition("@")
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        host, path = head, rest
    else:
        host, path = _DEFAULT_HOST, name
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, ""
    if not repository:
        raise ValueError(f"image {text!r}: an image name needs a repository")
    if host == _DEFAULT_HOST and "/" not in repository:
        repository = f"library/{repository}"
    if not tag and not digest:
        tag = "latest"  # kubelet: pkg/util/parsers/parsers.go
    return ImageName(host=host, repository=repository, tag=tag, digest=digest)
