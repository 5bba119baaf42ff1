"""What an audit finds, in words that any output may show."""

from dataclasses import dataclass
from enum import StrEnum

_TEXT_CHARACTERS = 500


class Check(StrEnum):
    """What is looked at, and what a finding of it means."""

    DIGEST = "digest"  # content is not what its name says
    SIZE = "size"  # content is longer or shorter than its descriptor says
    MISSING = "missing"  # something names content that is not there
    UNTAGGED = "untagged"  # a manifest is there that no tag leads to
    ORPHANED = "orphaned"  # what refers to an image that is not there
    MOVED = "moved"  # a tag names other content than at the last audit, or is gone
    NAME = "name"  # a repository or tag does not match the patterns
    PLATFORM = "platform"  # an image lacks a platform
    QUOTA = "quota"  # a repository is larger than it may be
    CERTIFICATE = "certificate"  # not valid, or not for long
    CREDENTIALS = "credentials"  # what was shown does not open what is to be read
    MALFORMED = "malformed"  # an answer that breaks the specification
    UNREADABLE = "unreadable"  # no answer, or an error, after several tries


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. `subject`: a tag or digest of the repository, or "" for all of it.

    All texts are printable: what a registry says is shown, never obeyed.
    """

    check: Check
    repository: str
    subject: str
    text: str


def printable(text: str) -> str:
    """One line of `text` without what a terminal or XML would obey, and not endless."""
    cut = text if len(text) <= _TEXT_CHARACTERS else f"{text[:_TEXT_CHARACTERS]}…"
    return "".join(it if it.isprintable() else "\N{REPLACEMENT CHARACTER}" for it in cut)
