"""What a node holds, for whom, and who may write it."""

import pytest

from harness.node.image_store import ContentStore, Lease


def test_content_is_there_as_long_as_somebody_holds_it() -> None:
    """Two leases on one digest; the last to let go removes it."""
    content = ContentStore()
    one, other = Lease(content), Lease(content)
    one.add("sha256:a", b"{}")
    other.add("sha256:a")
    other.add("sha256:a")
    one.drop()
    assert "sha256:a" in content
    assert content.manifest("sha256:a") == b"{}"
    other.drop()
    assert "sha256:a" not in content
    assert len(content) == 0
    with pytest.raises(KeyError):
        content.manifest("sha256:a")


def test_one_pull_at_a_time_writes_a_digest() -> None:
    """The second may try again when the first is done."""
    content = ContentStore()
    assert content.lock("sha256:a")
    assert not content.lock("sha256:a")
    assert content.lock("sha256:b")
    content.unlock("sha256:a")
    assert content.lock("sha256:a")


def test_a_removed_image_takes_only_what_it_alone_held() -> None:
    """Its layers go, those of another image stay, and so does what a pull is holding."""
    content = ContentStore()
    for image, digests in (("a", ("shared", "a's")), ("b", ("shared", "b's"))):
        lease = Lease(content)
        for digest in digests:
            lease.add(digest)
        content.tag(image, lease)
    content.remove("a")
    content.remove("never here")
    assert [digest in content for digest in ("shared", "a's", "b's")] == [True, False, True]


def test_an_image_that_is_pulled_anew_lets_go_of_what_it_was() -> None:
    """Its tag moved."""
    content = ContentStore()
    for digest in ("old", "new"):
        lease = Lease(content)
        lease.add(digest)
        content.tag("a", lease, digest)
    assert ("old" in content, "new" in content) == (False, True)
    assert content.digest("a") == "new"
    content.remove("a")
    assert not content.digest("a")


def test_room_is_taken_at_once_and_given_back() -> None:
    """By a lease that is dropped; there is always room on a disk without a limit."""
    content = ContentStore()
    assert content.take_room(1 << 50) == 1 << 50
    content.free_bytes = 100
    assert [content.take_room(70), content.take_room(70)] == [70, 30]
    lease = Lease(content)
    lease.add("layer", room_bytes=70)
    lease.drop()
    assert content.free_bytes == 70
