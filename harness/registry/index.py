"""Which repository has which blobs, manifests and tags: in memory, kept as an append-only file.

One JSON object a line, in the order of the changes; a last line cut short by a crash is dropped.
"""

import bisect
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
        self._users: dict[str, int] = {}  # repositories by digest
        if path.exists():
            _drop_torn_line(path)
            for line in path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError):  # cut short by a full disk: never answered as done
                    self._apply(json.loads(line))
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

    def _change(self, change: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(change) + "\n")
        self._file.flush()
        self._apply(change)

    def _apply(self, change: Mapping[str, Any]) -> None:
        repository = self.repositories.setdefault(change["name"], Repository())
        match change["do"]:
            case "add_blobs":
                for digest in change["digests"]:
                    if digest not in repository.blobs:
                        repository.blobs.add(digest)
                        self._use(digest)
            case "add_manifest":
                self._apply_manifest(repository, change)
            case "delete_blob":
                repository.blobs.remove(change["digest"])
                self._let_go(change["digest"])
            case "delete_manifest":
                self._forget_manifest(repository, change["digest"])
            case "delete_tag":
                del repository.tags[change["tag"]]
                repository.tag_names.remove(change["tag"])

    def _apply_manifest(self, repository: Repository, change: Mapping[str, Any]) -> None:
        digest, subject = change["digest"], change["subject"]
        if digest not in repository.manifests:
            self._use(digest)
        repository.manifests[digest] = change["media_type"]
        for tag in change["tags"]:
            if tag not in repository.tags:
                bisect.insort(repository.tag_names, tag)
            repository.tags[tag] = digest
        if subject is not None:
            repository.referrers.setdefault(subject, {})[digest] = change["descriptor"]
            repository.subjects[digest] = subject

    def _forget_manifest(self, repository: Repository, digest: str) -> None:
        del repository.manifests[digest]
        for tag in [tag for tag, tagged in repository.tags.items() if tagged == digest]:
            del repository.tags[tag]
            repository.tag_names.remove(tag)
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


def _drop_torn_line(path: Path) -> None:
    with path.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
