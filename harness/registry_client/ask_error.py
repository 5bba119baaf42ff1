"""Why a registry's answer is none."""

from enum import StrEnum


class Failure(StrEnum):
    """What was wrong."""

    CREDENTIALS = "credentials"  # what was shown does not open what is asked for
    MALFORMED = "malformed"  # an answer that breaks the specification
    UNREADABLE = "unreadable"  # no answer, or one that comes too slowly
    TOO_LONG = "too_long"  # a list with more pages than anybody reads


class AskError(Exception):
    """The registry did not do what was asked. `text`: one sentence without secrets."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure
        self.text = text
