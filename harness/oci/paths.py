"""What a registry request asks for, read from its path.

OCI distribution-spec v1.1, "Endpoints"; the token path is the token service's own.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

Endpoint = Literal[
    "ping", "manifest", "blob", "token", "tags", "upload", "referrers", "catalog", "other"
]

TOKEN_PATH = "/token"  # noqa: S105  a path
# Those of ACR, Harbor, Artifact Registry and Quay: harness/registry/profiles.
TOKEN_PATHS = frozenset({TOKEN_PATH, "/oauth2/token", "/service/token", "/v2/token", "/v2/auth"})


class Route(NamedTuple):
    """`reference` is the tag, digest or upload session; "" where the endpoint has none."""

    endpoint: Endpoint
    repository: str = ""
    reference: str = ""


@lru_cache(maxsize=8192)
def route(path: str) -> Route:
    """The endpoint that `path` (decoded, without query) belongs to; names are not judged here.

    Read from the right, because `manifests` and `blobs` may be parts of a repository's name.
    """
    if path in TOKEN_PATHS:
        return Route("token")
    if path in ("/v2/", "/v2"):
        return Route("ping")
    if not path.startswith("/v2/"):
        return Route("other")
    rest = path[4:]
    if rest == "_catalog":
        return Route("catalog")
    if rest.endswith("/tags/list"):
        return Route("tags", rest[: -len("/tags/list")])
    return _referring(rest) or Route("other")


_MARKS: tuple[tuple[str, Endpoint], ...] = (
    ("/blobs/uploads/", "upload"),
    ("/manifests/", "manifest"),
    ("/blobs/", "blob"),
    ("/referrers/", "referrers"),
)


def _referring(rest: str) -> Route | None:
    if rest.endswith("/blobs/uploads"):  # without its slash: many clients are careless
        rest += "/"
    for mark, endpoint in _MARKS:
        name, found, reference = rest.rpartition(mark)
        if found and "/" not in reference:
            return Route(endpoint, name, reference)
    return None
