"""Repositories in memory and on disk."""

from pathlib import Path

from harness.registry.index import Index

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def filled(path: Path) -> Index:
    index = Index(path)
    index.add_blobs("app", [A, B])
    index.add_blobs("copy", [A])
    index.add_manifest("app", C, "text/x", tags=["v2", "v1"], subject=B, descriptor={"digest": C})
    return index


def test_index_is_the_same_after_reopening(tmp_path: Path) -> None:
    """All that was changed is read back."""
    index = filled(tmp_path / "index")
    index.delete_blob("app", A)
    index.delete_tag("app", "v2")
    index.close()
    again = Index(tmp_path / "index")
    assert again.repositories == index.repositories
    app = again.repositories["app"]
    assert app.blobs == {B}
    assert app.tag_names == ["v1"]
    assert app.referrers == {B: {C: {"digest": C}}}
    assert again.has_blob("copy", A)
    again.close()


def test_torn_last_line_is_dropped(tmp_path: Path) -> None:
    """A change cut short by a crash did not happen; later ones do."""
    path = tmp_path / "index"
    filled(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    index = Index(path)
    assert index.repositories["app"].tags == {}
    index.add_manifest("app", C, "text/x", tags=["v1"])
    index.close()
    again = Index(path)
    assert again.repositories["app"].tags == {"v1": C}
    again.close()


def test_deleting_a_manifest_takes_its_tags_and_its_reference(tmp_path: Path) -> None:
    """Nothing points at what is gone, and its file is free when nobody else has it."""
    index = filled(tmp_path / "index")
    index.delete_manifest("app", C)
    app = index.repositories["app"]
    assert (app.tags, app.tag_names, app.manifests) == ({}, [], {})
    assert app.referrers[B] == {}
    assert not index.used(C)
    index.delete_blob("app", A)
    assert index.used(A)
    assert index.has_anywhere(A)
    index.close()
