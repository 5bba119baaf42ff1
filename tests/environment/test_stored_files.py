"""Layers at rest: changed as asked, journalled first, and restored to the byte."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.chance import Chance
from harness.environment.stored_files import StoredFiles
from harness.oci.digest import digest_of
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.oci.sink import blob_path
from harness.process.journal import Journal, pending

CHANCE = Chance(7, "corrupted_blob-1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def image(root: Path) -> BuiltImage:
    return build(ImageSpec(name="app", size_bytes=40_000, layers=4), DirectorySink(root))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    written = Journal(tmp_path / "journal.jsonl")
    yield written
    written.close()


@pytest.fixture
def files(root: Path, journal: Journal) -> StoredFiles:
    return StoredFiles(root, journal)


def digests(image: BuiltImage) -> list[str]:
    return [layer.digest for layer in image.platforms[0].layers]


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("error", [None, KeyError])
def test_flipped_bytes(
    root: Path, files: StoredFiles, image: BuiltImage, tmp_path: Path, error: type | None
) -> None:
    """So many bytes differ while it lasts, each with its undo record; none afterwards."""
    before = contents(root)
    chosen = tuple(digests(image)[:2])
    try:
        with files.flipped(chosen, CHANCE, 3):
            during = contents(root)
            changed = {name for name in before if before[name] != during[name]}
            assert changed == {digest.partition(":")[2] for digest in chosen}
            for name in changed:
                pairs = zip(before[name], during[name], strict=True)
                assert sum(a != b for a, b in pairs) == 3
            undo = [record["undo"] for record in pending(tmp_path / "journal.jsonl")]
            assert [it["kind"] for it in undo] == ["restore_bytes"] * 6
            for it in undo:
                kept = bytes.fromhex(it["hex"])
                whole = before[Path(it["path"]).name]
                assert whole[it["offset"] : it["offset"] + 1] == kept
            if error:
                raise error
    except KeyError:
        pass
    assert contents(root) == before
    assert pending(tmp_path / "journal.jsonl") == []


def test_many_flips_are_one_record(
    root: Path, files: StoredFiles, image: BuiltImage, tmp_path: Path
) -> None:
    """Thousands of flips do not wait for the disk one by one, and are undone all the same."""
    before = contents(root)
    digest = digests(image)[0]
    name = digest.partition(":")[2]
    with files.flipped((digest,), CHANCE, 4096):
        pairs = zip(before[name], contents(root)[name], strict=True)
        assert sum(a != b for a, b in pairs) == 4096
        (record,) = pending(tmp_path / "journal.jsonl")
        assert record["undo"]["kind"] == "restore_file"
    assert contents(root) == before


def test_cut(root: Path, files: StoredFiles, image: BuiltImage, tmp_path: Path) -> None:
    """A cut layer is shorter; its backup, named in the journal, is whole; who reads it reads on."""
    before = contents(root)
    digest = digests(image)[1]
    path = blob_path(root, digest)
    with path.open("rb") as reader:
        with files.cut((digest,), 0.25):
            assert path.read_bytes() == before[path.name][: len(before[path.name]) // 4]
            assert reader.read() == before[path.name]
            (record,) = pending(tmp_path / "journal.jsonl")
            assert record["undo"]["kind"] == "restore_file"
            assert record["undo"]["path"] == str(path)
            assert Path(record["undo"]["backup"]).read_bytes() == before[path.name]
        assert contents(root) == before
    assert pending(tmp_path / "journal.jsonl") == []


def test_content_in_memory_gets_another_inode(
    root: Path, files: StoredFiles, image: BuiltImage
) -> None:
    """So that a registry which remembers a manifest by its inode reads it anew, both times."""
    path = blob_path(root, image.digest)
    before, inode = path.read_bytes(), path.stat().st_ino
    with files.flipped((image.digest,), CHANCE, 1, in_place=False):
        assert path.read_bytes() != before
        assert path.stat().st_ino != inode
    assert (path.read_bytes(), path.stat().st_ino) == (before, inode)


def test_missing(root: Path, files: StoredFiles, image: BuiltImage, tmp_path: Path) -> None:
    """A lost layer is nowhere, but for the half that was uploaded; its record has the rest."""
    before = contents(root)
    digest = digests(image)[1]
    path = blob_path(root, digest)
    with files.missing((digest,)):
        assert not path.exists()
        (record,) = pending(tmp_path / "journal.jsonl")
        assert record["undo"]["kind"] == "restore_file"
        assert Path(record["undo"]["backup"]).read_bytes() == before[path.name]
    assert contents(root) == before
    (root / "uploads").mkdir()
    with files.missing((digest,), 0.5):
        assert not path.exists()
        (upload,) = (root / "uploads").iterdir()
        assert upload.read_bytes() == before[path.name][: len(before[path.name]) // 2]
        undo = [record["undo"]["kind"] for record in pending(tmp_path / "journal.jsonl")]
        assert undo == ["restore_file", "remove_file"]
    assert contents(root) == before
    assert pending(tmp_path / "journal.jsonl") == []


def test_what_a_client_pushes_anew_is_not_lost(
    root: Path, files: StoredFiles, image: BuiltImage
) -> None:
    """The same content in the same place; the backup takes it."""
    before = contents(root)
    path = blob_path(root, digests(image)[1])
    with files.missing((digests(image)[1],)):
        path.write_bytes(before[path.name])
    assert contents(root) == before


def test_added_documents_leave_no_trace(
    root: Path, files: StoredFiles, image: BuiltImage, tmp_path: Path
) -> None:
    """One that is there already is another's, and stays."""
    before = contents(root)
    new = digest_of(b"{}")
    with files.added({new: b"{}", image.digest: b"not this"}):
        assert blob_path(root, new).read_bytes() == b"{}"
        (record,) = pending(tmp_path / "journal.jsonl")
        assert record["undo"] == {"kind": "remove_file", "path": str(blob_path(root, new))}
    assert contents(root) == before
    assert pending(tmp_path / "journal.jsonl") == []


def test_one_fault_a_blob(files: StoredFiles, image: BuiltImage, root: Path) -> None:
    """A second change of one blob is refused, and the first one heals as ever."""
    before = contents(root)
    first, second = digests(image)[:2]
    with (
        files.flipped((first,), CHANCE, 1),
        pytest.raises(LookupError, match="another fault has changed it"),
        files.cut((second, first), 0.5),
    ):
        pass
    assert contents(root) == before


def test_nothing_is_changed_without_its_record(
    files: StoredFiles,
    image: BuiltImage,
    root: Path,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the journal cannot be written the content stays as it is."""
    before = contents(root)

    def full(_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "record", full)
    chosen = tuple(digests(image))
    with pytest.raises(OSError, match="No space"), files.flipped(chosen, CHANCE, 1):
        pass
    with pytest.raises(OSError, match="No space"), files.cut(chosen, 0.5):
        pass
    with pytest.raises(OSError, match="No space"), files.missing(chosen, 0.5):
        pass
    with pytest.raises(OSError, match="No space"), files.added({digest_of(b"x"): b"x"}):
        pass
    assert contents(root) == before
