"""What a node holds, for whom, and who may write it."""

import pytest

from harness.node.content import ContentStore, Lease


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
