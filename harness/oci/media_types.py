"""Media types of manifests, configs and layers, of OCI and of Docker's image format v2.

OCI image-spec v1.1: media-types.md; distribution: docs/content/spec/manifest-v2-2.md.
"""

from enum import StrEnum
from typing import Literal

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN_LAYER_GZIP = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})  # of one image
INDEXES = frozenset({OCI_INDEX, DOCKER_MANIFEST_LIST})  # of one image for each platform
CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})
LAYERS = frozenset(
    {OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, DOCKER_LAYER_GZIP, DOCKER_FOREIGN_LAYER_GZIP}
)

# containerd: core/remotes/docker/resolver.go and images/mediatypes.go; the order is its own
CONTAINERD_ACCEPT = (DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_MANIFEST, OCI_INDEX, "*/*")

Format = Literal["oci", "docker"]


class Role(StrEnum):
    """What a descriptor points to."""

    INDEX = "index"
    MANIFEST = "manifest"
    CONFIG = "config"
    LAYER = "layer"


MEDIA_TYPES: dict[Format, dict[Role, str]] = {
    "oci": {
        Role.INDEX: OCI_INDEX,
        Role.MANIFEST: OCI_MANIFEST,
        Role.CONFIG: OCI_CONFIG,
        Role.LAYER: OCI_LAYER_GZIP,
    },
    "docker": {
        Role.INDEX: DOCKER_MANIFEST_LIST,
        Role.MANIFEST: DOCKER_MANIFEST,
        Role.CONFIG: DOCKER_CONFIG,
        Role.LAYER: DOCKER_LAYER_GZIP,
    },
}
