"""Docker-Content-Digest, in whatever answer it comes."""

from harness.gateway.acts import RuleContext
from harness.gateway.acts.mislabel_digest import MislabelDigestBehaviour
from harness.oci.digest import is_digest
from harness.seams import MislabelDigest

DIGEST = f"sha256:{'a' * 64}"


def relabelled(act: MislabelDigest, status: int, headers: list[tuple[bytes, bytes]]) -> bool:
    return MislabelDigestBehaviour(act, RuleContext()).change_headers(status, headers)


def test_the_digest_is_another_or_none() -> None:
    """Another one is well-formed, a malformed one is not, a missing one is gone."""
    acts = {MislabelDigest(says="another"): True, MislabelDigest(says="malformed"): False}
    for act, fits in acts.items():
        headers = [(b"docker-content-digest", DIGEST.encode())]
        assert relabelled(act, 200, headers)
        ((_, said),) = headers
        assert said != DIGEST.encode()
        assert is_digest(said.decode()) is fits
    headers = [(b"Docker-Content-Digest", DIGEST.encode()), (b"etag", b"x")]
    assert relabelled(MislabelDigest(says="missing"), 200, headers)
    assert headers == [(b"etag", b"x")]
    assert not relabelled(MislabelDigest(), 404, headers)
