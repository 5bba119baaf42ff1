"""The folder of content: blobs appear whole, under their digests, or not at all."""

from pathlib import Path

import pytest

from harness.oci.digest import DigestError, digest_of
from harness.oci.sink import DirectorySink, blob_path


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_committed_blob_lies_under_its_digest(tmp_path: Path) -> None:
    """Nothing can be seen of it before the commit, all of it after."""
    digest = digest_of(b"onetwo")

    with DirectorySink(tmp_path).open_blob() as blob:
        blob.write(b"one")
        blob.write(b"two")
        assert not blob_path(tmp_path, digest).exists()
        blob.commit(digest)

    assert _files(tmp_path) == [tmp_path / "blobs" / "sha256" / digest.removeprefix("sha256:")]
    assert blob_path(tmp_path, digest).read_bytes() == b"onetwo"


def test_the_same_blob_may_come_twice(tmp_path: Path) -> None:
    """Two images may share content."""
    for _ in range(2):
        with DirectorySink(tmp_path).open_blob() as blob:
            blob.write(b"shared")
            blob.commit(digest_of(b"shared"))

    assert len(_files(tmp_path)) == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_blob_that_fails_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    """Neither a full disk nor an interrupt leaves a part behind."""

    def write_part() -> None:
        with DirectorySink(tmp_path).open_blob() as blob:
            blob.write(b"part")
            raise error

    with pytest.raises(type(error)):
        write_part()

    assert _files(tmp_path) == []


def test_a_blob_without_commit_is_dropped(tmp_path: Path) -> None:
    """Leaving the block is no commit."""
    with DirectorySink(tmp_path).open_blob() as blob:
        blob.write(b"part")

    assert _files(tmp_path) == []


@pytest.mark.parametrize("digest", ["../../escape", "sha256:../../escape", "sha256:" + "z" * 64])
def test_no_text_from_outside_becomes_a_path(tmp_path: Path, digest: str) -> None:
    """Only a well-formed digest names a file."""
    with pytest.raises(DigestError), DirectorySink(tmp_path).open_blob() as blob:
        blob.commit(digest)

    assert _files(tmp_path) == []
