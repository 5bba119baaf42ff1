"""What an audit has seen and has still to look at, on disk: registries outgrow memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from harness.audit.documents import ManifestDocument
from harness.audit.findings import Check, Finding, printable
from harness.registry_client.ask_error import AskError, Failure

PAGE: Final = 500  # rows that are held at a time

_TABLES = """
CREATE TABLE repositories (name TEXT PRIMARY KEY, state INT DEFAULT 0) WITHOUT ROWID;
CREATE TABLE tags (repository TEXT, tag TEXT, digest TEXT DEFAULT '', state INT DEFAULT 0,
    PRIMARY KEY (repository, tag)) WITHOUT ROWID;
CREATE TABLE manifests (repository TEXT, digest TEXT, size INT, named_by TEXT, state INT DEFAULT 0,
    config TEXT DEFAULT '', platforms TEXT DEFAULT '', artifact INT DEFAULT 0,
    PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE blobs (repository TEXT, digest TEXT, size INT, named_by TEXT, is_config INT,
    state INT DEFAULT 0, PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE hashed (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE before (repository TEXT, tag TEXT, digest TEXT,
    PRIMARY KEY (repository, tag)) WITHOUT ROWID;
CREATE TABLE findings (id INTEGER PRIMARY KEY, kind TEXT, repository TEXT, subject TEXT, said TEXT);
CREATE TABLE left_out (said TEXT);
CREATE INDEX manifests_to_read ON manifests (repository, digest) WHERE state = 0;
CREATE INDEX manifests_by_config ON manifests (repository, config) WHERE config != '';
CREATE INDEX blobs_to_check ON blobs (repository, digest) WHERE state = 0;
"""


# Sizes are what a registry says. SQLite's sum() ends in an error beyond 63 bits; total() is a
# float, exact up to 9 PB.
class Ledger:
    """A database in one file; it is nobody's but this audit's, and need not outlive a crash."""

    def __init__(self, path: Path) -> None:
        self._rows = sqlite3.connect(path, isolation_level=None)
        self.without_referrers = False  # whether the registry has no lists of referrers
        self._rows.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)

    def close(self) -> None:
        self._rows.close()

    def add(self, check: Check, repository: str, subject: str, text: str) -> None:
        """Note a finding."""
        self._rows.execute(
            "INSERT INTO findings (kind, repository, subject, said) VALUES (?, ?, ?, ?)",
            (check.value, *map(printable, (repository, subject, text))),
        )

    def add_failure(self, error: AskError, repository: str = "", subject: str = "") -> None:
        """Note what could not be read: a finding, or what is left out of a list without end."""
        if error.failure is Failure.TOO_LONG:
            self.leave_out(f"the rest of a list: {error.text}")
        else:
            self.add(Check(error.failure), repository, subject, error.text)

    def leave_out(self, text: str) -> None:
        """Note what is not looked at; the audit is partial."""
        self._rows.execute("INSERT INTO left_out VALUES (?)", (printable(text),))

    def left_out(self, limit: int = -1) -> list[str]:
        """All that was not looked at; none: the audit is whole."""
        rows = self._rows.execute("SELECT said FROM left_out LIMIT ?", (limit,))
        return [text for (text,) in rows]

    def leave_out_the_rest(self) -> None:
        """Note all that is still to be looked at."""
        rest = "SELECT count(*) FROM {} WHERE state = 0 AND repository = ?"
        query = (
            "SELECT name, state FROM repositories WHERE state < 2 AND name > ? "
            "ORDER BY name LIMIT ?"
        )
        for name, begun in self._pages(query):
            counts = {it: self._one(rest.format(it), name) for it in ("tags", "manifests", "blobs")}
            said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
            self.leave_out(f"{name}: {(said or 'its last checks') if begun else 'all of it'}")

    def findings(self, limit: int = -1, check: Check | None = None) -> Iterator[Finding]:
        """In the order of their finding; `limit` -1: all."""
        rows = self._rows.execute(
            "SELECT kind, repository, subject, said FROM findings WHERE ? IN ('', kind) "
            "ORDER BY id LIMIT ?",
            (check.value if check else "", limit),
        )
        for kind, repository, subject, said in rows:
            yield Finding(check=Check(kind), repository=repository, subject=subject, text=said)

    def counts(self) -> dict[Check, int]:
        """Findings by check; those without any are left out."""
        rows = self._rows.execute("SELECT kind, count(*) FROM findings GROUP BY kind")
        return {Check(kind): count for kind, count in rows}

    def totals(self) -> dict[str, int]:
        """How much was looked at."""
        return {
            "repositories": self._one("SELECT count(*) FROM repositories"),
            "tags": self._one("SELECT count(*) FROM tags"),
            "manifests": self._one("SELECT count(*) FROM manifests"),
            "blobs": self._one("SELECT count(DISTINCT digest) FROM blobs"),
            "bytes": self._one(
                "SELECT CAST(min(total(size), 4e18) AS INTEGER) FROM (SELECT digest, max(size) AS "
                "size FROM blobs GROUP BY digest)"
            ),
        }

    def add_repositories(self, names: Iterable[str]) -> int:
        """How many of them are new."""
        return self._many(
            "INSERT OR IGNORE INTO repositories (name) VALUES (?)", [(it,) for it in names]
        )

    def repositories(self) -> Iterator[str]:
        query = "SELECT name FROM repositories WHERE name > ? ORDER BY name LIMIT ?"
        return (name for (name,) in self._pages(query))

    def add_tags(self, repository: str, tags: Iterable[str]) -> int:
        """How many of them are new."""
        rows = [(repository, tag) for tag in tags]
        return self._many("INSERT OR IGNORE INTO tags (repository, tag) VALUES (?, ?)", rows)

    def tags(self, repository: str) -> Iterator[str]:
        query = "SELECT tag FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?"
        return (tag for (tag,) in self._pages(query, repository))

    def set_progress(self, repository: str, state: int) -> None:
        """1: it is being looked at, 2: all of it was."""
        query = "UPDATE repositories SET state = ? WHERE name = ?"
        self._rows.execute(query, (state, repository))

    def asked(self, repository: str, tag: str) -> None:
        """It is known where the tag leads, or that nobody knows."""
        self._rows.execute(
            "UPDATE tags SET state = 1 WHERE repository = ? AND tag = ?", (repository, tag)
        )

    def set_tag(self, repository: str, tag: str, digest: str) -> None:
        self._rows.execute(
            "UPDATE tags SET digest = ? WHERE repository = ? AND tag = ?", (digest, repository, tag)
        )

    def want_manifest(self, repository: str, digest: str, size: int, named_by: str) -> None:
        """`size` -1: nobody has said it yet."""
        self._rows.execute(
            "INSERT OR IGNORE INTO manifests (repository, digest, size, named_by) "
            "VALUES (?, ?, ?, ?)",
            (repository, digest, size, named_by),
        )

    def has_manifest(self, repository: str, digest: str) -> bool:
        return bool(
            self._one(
                "SELECT count(*) FROM manifests WHERE repository = ? AND digest = ?",
                repository,
                digest,
            )
        )

    def manifests(self, repository: str) -> list[tuple[str, int, str]]:
        """Some of those not read yet: digest, size and who names it."""
        return self._rows.execute(
            "SELECT digest, size, named_by FROM manifests WHERE repository = ? AND state = 0 "
            "LIMIT ?",
            (repository, PAGE),
        ).fetchall()

    def read(
        self, repository: str, digest: str, size: int, document: ManifestDocument | None
    ) -> None:
        """A manifest was read, `document` None: without success; want what it names."""
        config = document.config.digest if document and document.config else ""
        platforms = [it.platform for it in document.manifests if it.platform] if document else []
        artifact = document is None or not (document.config or platforms)
        self._rows.execute(
            "UPDATE manifests SET state = 1, size = ?, config = ?, platforms = ?, artifact = ? "
            "WHERE repository = ? AND digest = ?",
            (size, config, json.dumps(platforms), artifact, repository, digest),
        )
        for part in document.manifests if document else ():
            self.want_manifest(repository, part.digest, part.size_bytes, digest)
        self._many(
            "INSERT OR IGNORE INTO blobs (repository, digest, size, named_by, is_config) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (repository, it.digest, it.size_bytes, digest, it.digest == config)
                for it in (document.blobs if document else ())
            ],
        )

    def blobs(self, repository: str) -> list[tuple[str, int, str, int]]:
        """Some of those not checked yet: digest, size, who names it, whether it is a config."""
        return self._rows.execute(
            "SELECT digest, size, named_by, is_config FROM blobs WHERE repository = ? "
            "AND state = 0 LIMIT ?",
            (repository, PAGE),
        ).fetchall()

    def checked(self, repository: str, digest: str) -> None:
        self._rows.execute(
            "UPDATE blobs SET state = 1 WHERE repository = ? AND digest = ?", (repository, digest)
        )

    def claim(self, digest: str) -> bool:
        """Whether nobody has hashed this content yet; now the caller does."""
        return self._many("INSERT OR IGNORE INTO hashed VALUES (?)", [(digest,)]) == 1

    def set_platform(self, repository: str, config: str, platform: str) -> None:
        self._rows.execute(
            "UPDATE manifests SET platforms = ? "
            "WHERE repository = ? AND config = ? AND config != ''",
            (json.dumps([platform] if platform else []), repository, config),
        )

    def platforms(self, repository: str) -> Iterator[tuple[str, list[str]]]:
        """Each tag of an image that was read, and the platforms that it has."""
        query = (
            "SELECT tag, platforms FROM tags JOIN manifests USING (repository, digest) "
            "WHERE repository = ? AND tag > ? AND manifests.state = 1 AND NOT artifact "
            "ORDER BY tag LIMIT ?"
        )
        for tag, platforms in self._pages(query, repository):
            yield tag, json.loads(platforms)

    def size_bytes(self, repository: str) -> int:
        """Of all that the repository's manifests name, and themselves."""
        parts = (
            "SELECT CAST(min(total(max(size, 0)), 4e18) AS INTEGER) FROM {} WHERE repository = ?"
        )
        return sum(self._one(parts.format(table), repository) for table in ("blobs", "manifests"))

    def largest(self, limit: int = -1) -> Iterator[tuple[str, int, int, int]]:
        """Repositories with their tags, manifests and bytes, the largest first; -1: all."""
        return self._rows.execute(
            "SELECT name, "
            "(SELECT count(*) FROM tags WHERE repository = name), "
            "(SELECT count(*) FROM manifests WHERE repository = name), "
            "(SELECT CAST(min(total(max(size, 0)), 4e18) AS INTEGER) FROM blobs "
            "WHERE repository = name) + "
            "(SELECT CAST(min(total(max(size, 0)), 4e18) AS INTEGER) FROM manifests "
            "WHERE repository = name) "
            "AS bytes FROM repositories ORDER BY bytes DESC, name LIMIT ?",
            (limit,),
        )

    def remember(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Repository, tag and digest at the last audit."""
        batch: list[tuple[str, str, str]] = []
        for entry in entries:
            batch.append(entry)
            if len(batch) >= PAGE:
                self._many("INSERT OR REPLACE INTO before VALUES (?, ?, ?)", batch)
                batch.clear()
        self._many("INSERT OR REPLACE INTO before VALUES (?, ?, ?)", batch)

    def moved(self, repository: str) -> Iterator[tuple[str, str, str]]:
        """Tag, digest before and digest now ("" when it is gone)."""
        query = (
            "SELECT before.tag, before.digest, coalesce(tags.digest, '') FROM before "
            "LEFT JOIN tags USING (repository, tag) WHERE before.repository = ? "
            "AND before.tag > ? AND before.digest != coalesce(tags.digest, '') "
            "ORDER BY before.tag LIMIT ?"
        )
        yield from self._pages(query, repository)

    def all_tags(self) -> Iterator[tuple[str, str, str]]:
        """Repository, tag and digest of every tag that leads somewhere."""
        return self._rows.execute(
            "SELECT repository, tag, digest FROM tags WHERE digest != '' ORDER BY repository, tag"
        )

    def _pages(self, query: str, *first: str) -> Iterator[Any]:
        """Rows page by page, by their first column, so that tables may be written meanwhile."""
        last = ""
        while rows := self._rows.execute(query, (*first, last, PAGE)).fetchall():
            yield from rows
            last = rows[-1][0]

    def _many(self, query: str, rows: Sequence[tuple[Any, ...]]) -> int:
        return self._rows.executemany(query, rows).rowcount if rows else 0

    def _one(self, query: str, *values: str) -> int:
        return int(self._rows.execute(query, values).fetchone()[0])
