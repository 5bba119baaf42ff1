"""Which repository has which blobs, manifests and tags: in memory, and as a file of changes."""

import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.registry.change_log import Change, append_changes, read_changes


@dataclass(kw_only=True)
class Repository:
    """`manifests`: media type by digest. `referrers`: descriptors by subject, then by digest."""

    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tag_names: list[str] = field(default_factory=list)  # sorted
    referrers: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)  # subject by referring digest


class Index:
    """Every change is appended to `path` before it is seen.

    `size_bytes`: tells how long content is, None when it is not there; `stored_bytes` needs it.
    """

    def __init__(
        self, path: Path, size_bytes: Callable[[str], int | None] = lambda _: None
    ) -> None:
        self.repositories: dict[str, Repository] = {}
        self.stored_bytes = 0  # of all content that any repository has, each digest once
        self._size_bytes = size_bytes
        self._sizes: dict[str, int] = {}
        self._hidden: dict[str, Repository] = {}
        self._users: dict[str, int] = {}  # repositories by digest
        if path.exists():
            for change in read_changes(path):
                self._apply(change)
        self._file = path.open("a", encoding="utf-8")

    def close(self) -> None:
        self._file.close()

    def repository(self, name: str) -> Repository | None:
        return self.repositories.get(name)

    def has_blob(self, name: str, digest: str) -> bool:
        repository = self.repositories.get(name)
        return repository is not None and digest in repository.blobs

    def has_anywhere(self, digest: str) -> bool:
        """Whether any repository has this blob."""
        return any(digest in it.blobs for it in self.repositories.values())

    def used(self, digest: str) -> bool:
        """Whether any repository has this blob or manifest."""
        return digest in self._users

    def add_blobs(self, name: str, digests: Iterable[str]) -> None:
        self._change({"do": "add_blobs", "name": name, "digests": list(digests)})

    def add_manifest(
        self,
        name: str,
        digest: str,
        media_type: str,
        *,
        tags: Iterable[str] = (),
        subject: str | None = None,
        descriptor: Mapping[str, Any] | None = None,
    ) -> None:
        """`descriptor` is what the referrers list of `subject` will show."""
        self._change(
            {
                "do": "add_manifest",
                "name": name,
                "digest": digest,
                "media_type": media_type,
                "tags": list(tags),
                "subject": subject,
                "descriptor": descriptor,
            }
        )

    def delete_blob(self, name: str, digest: str) -> None:
        self._change({"do": "delete_blob", "name": name, "digest": digest})

    def delete_manifest(self, name: str, digest: str) -> None:
        """And every tag that points at it."""
        self._change({"do": "delete_manifest", "name": name, "digest": digest})

    def delete_tag(self, name: str, tag: str) -> None:
        self._change({"do": "delete_tag", "name": name, "tag": tag})

    def change(self, changes: Iterable[Change]) -> None:
        """Make changes as they stand in the file; one that has been made before changes nothing.

        Beside those of the API there are `set_tag` (to `digest`, None for no tag, only where it
        names `was`), `hide` and `show` (a whole repository) and `rename` (to `to`). Raises
        ValueError for an unknown one, before any is made.
        """
        changes = list(changes)
        for change in changes:
            if change.get("do") not in _CHANGES:
                raise ValueError(f"do: one of {', '.join(_CHANGES)}, got {change.get('do')!r}")
        append_changes(self._file, changes)
        for change in changes:
            self._apply(change)

    def undo_of(self, changes: Iterable[Change]) -> list[Change]:
        """What `change` must be given to undo `changes`, if they are made now.

        Each of them must be about something else. What clients change in between is kept. Raises
        LookupError when there is nothing of what shall be changed.
        """
        return [undo for change in reversed(list(changes)) for undo in self._undo_of(change)]

    def _undo_of(self, change: Change) -> list[Change]:
        name, do = change["name"], change["do"]
        repository = self.repositories.get(name)
        if repository is None:
            raise LookupError(f"repository {name}: is not there")
        undo: list[Change]
        match do:
            case "set_tag":
                undo = [{**change, "digest": change["was"], "was": change["digest"]}]
            case "hide":
                undo = [{"do": "show", "name": name}]
            case "rename":
                undo = [{"do": "rename", "name": change["to"], "to": name}]
            case "add_blobs":
                fresh = [it for it in change["digests"] if it not in repository.blobs]
                undo = [{"do": "delete_blob", "name": name, "digest": it} for it in fresh]
            case "delete_blob":
                undo = [{"do": "add_blobs", "name": name, "digests": [change["digest"]]}]
            case "add_manifest":
                gone = {"do": "delete_manifest", "name": name, "digest": change["digest"]}
                undo = [] if change["digest"] in repository.manifests else [gone]
            case "delete_manifest":
                undo = [_added_again(name, repository, change["digest"])]
            case _:
                raise LookupError(f"do: {do!r} cannot be undone")
        return undo

    def _change(self, change: Change) -> None:
        append_changes(self._file, [change])
        self._apply(change)

    def _apply(self, change: Change) -> None:
        name = change["name"]
        match change["do"]:
            case "hide":
                self._move(self.repositories, name, self._hidden, name)
            case "show":
                self._move(self._hidden, name, self.repositories, name)
            case "rename":
                self._move(self.repositories, name, self.repositories, change["to"])
            case "set_tag" | "delete_tag":
                _apply_tag(self.repositories.setdefault(name, Repository()), change)
            case _:
                self._apply_to(self.repositories.setdefault(name, Repository()), change)

    def _apply_to(self, repository: Repository, change: Change) -> None:
        match change["do"]:
            case "add_blobs":
                for digest in change["digests"]:
                    if digest not in repository.blobs:
                        repository.blobs.add(digest)
                        self._use(digest)
            case "add_manifest":
                self._apply_manifest(repository, change)
            case "delete_blob":
                if change["digest"] in repository.blobs:
                    repository.blobs.remove(change["digest"])
                    self._let_go(change["digest"])
            case "delete_manifest":
                if change["digest"] in repository.manifests:
                    self._forget_manifest(repository, change["digest"])

    def _move(
        self,
        these: dict[str, Repository],
        name: str,
        those: dict[str, Repository],
        to: str,
    ) -> None:
        """What has been made there meanwhile is newer, and stays."""
        moved = these.pop(name, None)
        if moved is None:
            return
        newer = those.setdefault(to, moved)
        if newer is moved:
            return
        for digest in moved.blobs & newer.blobs | moved.manifests.keys() & newer.manifests.keys():
            self._let_go(digest)
        newer.blobs |= moved.blobs
        newer.manifests = moved.manifests | newer.manifests
        for tag, digest in moved.tags.items():
            if tag not in newer.tags:
                _tag(newer, tag, digest)
        for subject, referring in moved.referrers.items():
            newer.referrers[subject] = referring | newer.referrers.get(subject, {})
        newer.subjects = moved.subjects | newer.subjects

    def _apply_manifest(self, repository: Repository, change: Change) -> None:
        digest, subject = change["digest"], change["subject"]
        if digest not in repository.manifests:
            self._use(digest)
        repository.manifests[digest] = change["media_type"]
        for tag in change["tags"]:
            _tag(repository, tag, digest)
        if subject is not None:
            repository.referrers.setdefault(subject, {})[digest] = change["descriptor"]
            repository.subjects[digest] = subject

    def _forget_manifest(self, repository: Repository, digest: str) -> None:
        del repository.manifests[digest]
        for tag in [tag for tag, tagged in repository.tags.items() if tagged == digest]:
            _tag(repository, tag, None)
        if (subject := repository.subjects.pop(digest, None)) is not None:
            del repository.referrers[subject][digest]
        self._let_go(digest)

    def _use(self, digest: str) -> None:
        users = self._users[digest] = self._users.get(digest, 0) + 1
        if users == 1:
            self._sizes[digest] = self._size_bytes(digest) or 0
            self.stored_bytes += self._sizes[digest]

    def _let_go(self, digest: str) -> None:
        self._users[digest] -= 1
        if not self._users[digest]:
            del self._users[digest]
            self.stored_bytes -= self._sizes.pop(digest)


_CHANGES = (
    "add_blobs",
    "add_manifest",
    "delete_blob",
    "delete_manifest",
    "delete_tag",
    "set_tag",
    "hide",
    "show",
    "rename",
)


def _apply_tag(repository: Repository, change: Change) -> None:
    tag = change["tag"]
    if change["do"] == "delete_tag":
        _tag(repository, tag, None)
    elif repository.tags.get(tag) == change["was"]:
        _tag(repository, tag, change["digest"])


def _tag(repository: Repository, tag: str, digest: str | None) -> None:
    """Let `tag` name `digest`; None removes it."""
    if digest is None:
        if repository.tags.pop(tag, None) is not None:
            repository.tag_names.remove(tag)
        return
    if tag not in repository.tags:
        bisect.insort(repository.tag_names, tag)
    repository.tags[tag] = digest


def _added_again(name: str, repository: Repository, digest: str) -> Change:
    """The change that brings a manifest back, with its place among referrers but no tags."""
    subject = repository.subjects.get(digest)
    return {
        "do": "add_manifest",
        "name": name,
        "digest": digest,
        "media_type": repository.manifests[digest],
        "tags": [],
        "subject": subject,
        "descriptor": None if subject is None else repository.referrers[subject][digest],
    }
