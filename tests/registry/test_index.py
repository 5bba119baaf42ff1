"""Repositories in memory and on disk."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from harness.registry.change_log import Change, change_file
from harness.registry.index import Index, Repository

A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")


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


def reopened(path: Path) -> dict[str, Repository]:
    index = Index(path)
    index.close()
    return index.repositories


TAG = {"do": "set_tag", "name": "app", "tag": "v1", "was": C}
CHANGES: dict[str, list[Change]] = {
    "tag removed": [{**TAG, "digest": None}],
    "tag moved": [
        {
            "do": "add_manifest",
            "name": "app",
            "digest": D,
            "media_type": "text/y",
            "tags": [],
            "subject": None,
            "descriptor": None,
        },
        {"do": "add_blobs", "name": "app", "digests": [A, D]},
        {**TAG, "digest": D},
    ],
    "repository gone": [{"do": "hide", "name": "app"}],
    "repository renamed": [{"do": "rename", "name": "app", "to": "team/new"}],
    "cleaned": [
        {**TAG, "digest": None},
        {**TAG, "tag": "v2", "digest": None},
        {"do": "delete_manifest", "name": "app", "digest": C},
        {"do": "delete_blob", "name": "app", "digest": A},
    ],
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_a_change_is_undone_exactly(tmp_path: Path, changes: list[Change]) -> None:
    """In memory and in the file, and twice is once."""
    path = tmp_path / "index"
    index = filled(path)
    before = deepcopy(index.repositories)
    used = dict(index._users)
    undo = index.undo_of(changes)
    assert index.repositories == before
    index.change(changes)
    assert index.repositories != before
    assert reopened(path) == index.repositories
    for _ in range(2):
        index.change(undo)
        assert index.repositories == before
        assert index._users == used
        assert reopened(path) == before
    index.close()


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_a_change_is_undone_in_the_file_alone(tmp_path: Path, changes: list[Change]) -> None:
    """As for a registry that was killed in the middle of a line."""
    path = tmp_path / "index"
    index = filled(path)
    before = deepcopy(index.repositories)
    undo = index.undo_of(changes)
    index.change(changes)
    index.close()
    with path.open("a") as file:
        file.write('{"do": "add_blo')
    for _ in range(2):
        change_file(path, undo)
        assert reopened(path) == before


def test_what_clients_changed_meanwhile_is_kept(tmp_path: Path) -> None:
    """A tag that was pushed anew, and a repository that came to be again under the old name."""
    index = filled(tmp_path / "index")
    for changes in (CHANGES["tag removed"], CHANGES["repository gone"]):
        undo = index.undo_of(changes)
        index.change(changes)
        index.add_manifest("app", D, "text/y", tags=["v1"])
        index.add_blobs("app", [A])
        index.change(undo)
        app = index.repositories["app"]
        assert app.tags == {"v1": D, "v2": C}
        assert app.tag_names == ["v1", "v2"]
        assert app.blobs == {A, B}
        assert app.manifests == {C: "text/x", D: "text/y"}
        assert index._users == {A: 2, B: 1, C: 1, D: 1}
        index.change([{**TAG, "was": D, "digest": C}])
    index.close()


@pytest.mark.parametrize(
    "change",
    [
        {"do": "hide", "name": "nowhere"},
        {"do": "delete_manifest", "name": "app", "digest": A},
        {"do": "delete_tag", "name": "app", "tag": "v1"},
    ],
)
def test_what_is_not_there_cannot_be_undone(tmp_path: Path, change: dict[str, Any]) -> None:
    """And is refused before it is made."""
    index = filled(tmp_path / "index")
    with pytest.raises(LookupError):
        index.undo_of([change])
    index.close()


def test_unknown_changes_are_refused_before_any_is_made(tmp_path: Path) -> None:
    """So that the file never holds what cannot be read."""
    path = tmp_path / "index"
    index = filled(path)
    written = path.read_bytes()
    with pytest.raises(ValueError, match=r"do: one of add_blobs, .*, got 'burn'"):
        index.change([*CHANGES["tag removed"], {"do": "burn", "name": "app"}])
    assert path.read_bytes() == written
    assert "v1" in index.repositories["app"].tags
    index.close()
