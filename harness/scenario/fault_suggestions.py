"""Which fault is meant by a name that none has: by its letters, then by what it says."""

import inspect
import math
import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Final

from harness.faults import catalogue

_MISSPELT: Final = 0.8  # difflib's ratio from which letters alone decide
_SAME_STEM: Final = 4  # letters: credential, credentials; corrupt, corrupted
# Words that users have for words of the catalogue.
_SYNONYMS: Final = {
    "429": "rate limit",
    "5xx": "server errors",
    "500": "server errors",
    "503": "server errors",
    "arch": "platform",
    "architecture": "platform",
    "auth": "token credentials",
    "bad": "wrong",
    "broken": "corrupted",
    "cert": "certificate",
    "cut": "cut off lost",
    "damaged": "corrupted",
    "deleted": "missing",
    "disconnect": "reset",
    "dns": "dns server name",
    "domain": "dns name",
    "down": "down crash timeout",
    "drop": "reset drop",
    "enospc": "disk full space",
    "found": "missing",
    "gone": "missing",
    "image": "tag digest",
    "invalid": "wrong",
    "kill": "crash process",
    "killed": "crash process",
    "lag": "latency slow",
    "layer": "blob layers",
    "netsplit": "cut off lost route",
    "network": "connection path",
    "loss": "reset connection",
    "outage": "down crash timeout",
    "password": "credentials",
    "resolve": "dns name",
    "retention": "cleanup",
    "secret": "credentials secret",
    "slow": "slow latency late",
    "split": "cut off lost route",
    "ssl": "tls certificate",
    "throttle": "rate limit bandwidth",
    "throttling": "rate limit bandwidth",
    "timeout": "connection timeout",
    "unauthorized": "credentials wrong",
    "unavailable": "down",
    "untrusted": "unknown authority",
}


def fault_meant(word: str, also: Iterable[str] = ()) -> str | None:
    """The fault, or the one of `also`, that `word` probably stands for; None when it may be any."""
    known = [*catalogue(), *also]
    if near := get_close_matches(word, known, n=1, cutoff=_MISSPELT):
        return near[0]
    wanted = [stem for part in _words(word) for stem in _stems(_SYNONYMS.get(part, part))]
    weights = _weights()
    scores = {name: sum(it.get(stem, 0.0) for stem in wanted) for name, it in weights.items()}
    best = max(scores, key=scores.__getitem__)
    if scores[best] > 0:
        return best
    return next(iter(get_close_matches(word, known, n=1)), None)


@cache
def _weights() -> dict[str, dict[str, float]]:
    """For each fault what a word says of it: much when it is in the name, and in few others'."""
    said = {
        name: Counter(dict.fromkeys(_stems(_sentence(fault)), 1.0))
        + Counter(dict.fromkeys(_stems(name), 3.0))
        for name, fault in catalogue().items()
    }
    of_how_many = Counter(stem for words in said.values() for stem in words)
    return {
        name: {
            stem: times * math.log(len(said) / of_how_many[stem]) / math.log(2 + len(words))
            for stem, times in words.items()
        }
        for name, words in said.items()
    }


def _sentence(fault: type) -> str:
    return inspect.cleandoc(fault.__doc__ or "").partition("\n")[0]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _stems(text: str) -> set[str]:
    """Words without what makes them plural or past, roughly: both sides are cut alike."""
    return {re.sub(r"(ed|ing|s|e)$", "", it) if len(it) > _SAME_STEM else it for it in _words(text)}
