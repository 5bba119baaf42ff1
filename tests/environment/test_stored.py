"""Layers at rest: changed as asked, journalled first, and restored to the byte."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.chance import Chance
from harness.environment.stored import StoredLayers
from harness.journal import Journal, pending
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.oci.sink import blob_path
from harness.seams import Where

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
def layers(root: Path, image: BuiltImage, journal: Journal) -> StoredLayers:
    stored = StoredLayers(root, journal)
    stored.add("team/app", image)
    stored.add("team/copy", image)
    return stored


def digests(image: BuiltImage) -> list[str]:
    return [layer.digest for layer in image.platforms[0].layers]


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_scope_and_share_choose_layers(layers: StoredLayers, image: BuiltImage) -> None:
    """A layer of two repositories is one layer; a share is at least one; nothing is an error."""
    all_layers = digests(image)
    assert layers.chosen(Where(), CHANCE, 1.0) == tuple(all_layers)
    assert layers.chosen(Where(repository="*/copy", layers=(2,)), CHANCE, 1.0) == (all_layers[2],)
    half = layers.chosen(Where(), CHANCE, 0.5)
    assert len(half) == 2
    assert half == layers.chosen(Where(), CHANCE, 0.5)
    assert len(layers.chosen(Where(), CHANCE, 0.001)) == 1
    with pytest.raises(LookupError, match="repository other, layers 9"):
        layers.chosen(Where(repository="other", layers=(9,)), CHANCE, 1.0)


@pytest.mark.parametrize("error", [None, KeyError])
def test_flipped_bytes(
    root: Path, layers: StoredLayers, image: BuiltImage, tmp_path: Path, error: type | None
) -> None:
    """So many bytes differ while it lasts, each with its undo record; none afterwards."""
    before = contents(root)
    chosen = tuple(digests(image)[:2])
    try:
        with layers.flipped(chosen, CHANCE, 3):
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
    root: Path, layers: StoredLayers, image: BuiltImage, tmp_path: Path
) -> None:
    """Thousands of flips do not wait for the disk one by one, and are undone all the same."""
    before = contents(root)
    digest = digests(image)[0]
    name = digest.partition(":")[2]
    with layers.flipped((digest,), CHANCE, 4096):
        pairs = zip(before[name], contents(root)[name], strict=True)
        assert sum(a != b for a, b in pairs) == 4096
        (record,) = pending(tmp_path / "journal.jsonl")
        assert record["undo"]["kind"] == "restore_file"
    assert contents(root) == before


def test_cut(root: Path, layers: StoredLayers, image: BuiltImage, tmp_path: Path) -> None:
    """A cut layer is shorter; its backup, named in the journal, is whole; who reads it reads on."""
    before = contents(root)
    digest = digests(image)[1]
    path = blob_path(root, digest)
    with path.open("rb") as reader:
        with layers.cut((digest,), 0.25):
            assert path.read_bytes() == before[path.name][: len(before[path.name]) // 4]
            assert reader.read() == before[path.name]
            (record,) = pending(tmp_path / "journal.jsonl")
            assert record["undo"]["kind"] == "restore_file"
            assert record["undo"]["path"] == str(path)
            assert Path(record["undo"]["backup"]).read_bytes() == before[path.name]
        assert contents(root) == before
    assert pending(tmp_path / "journal.jsonl") == []


def test_one_fault_a_blob(layers: StoredLayers, image: BuiltImage, root: Path) -> None:
    """A second change of one blob is refused, and the first one heals as ever."""
    before = contents(root)
    first, second = digests(image)[:2]
    with (
        layers.flipped((first,), CHANCE, 1),
        pytest.raises(LookupError, match="another fault has changed it"),
        layers.cut((second, first), 0.5),
    ):
        pass
    assert contents(root) == before


def test_nothing_is_changed_without_its_record(
    layers: StoredLayers,
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
    with pytest.raises(OSError, match="No space"), layers.flipped(chosen, CHANCE, 1):
        pass
    with pytest.raises(OSError, match="No space"), layers.cut(chosen, 0.5):
        pass
    assert contents(root) == before
