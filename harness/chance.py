"""Chance as a question with a fixed answer: same seed, step and key, same answer, in any order."""

from dataclasses import dataclass
from hashlib import blake2b

_SPAN = 1 << 64


@dataclass(frozen=True)
class Chance:
    """A hash of seed, step and key; no stream, so that askers cannot take each other's draws."""

    seed: int
    step: str

    def fraction(self, key: str) -> float:
        """A number in [0, 1) that belongs to `key`."""
        digest = blake2b(f"{self.seed}\0{self.step}\0{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / _SPAN

    def says(self, share: float, key: str) -> bool:
        """Whether `key` belongs to the `share` (0 to 1) of keys that are chosen."""
        return self.fraction(key) < share

    def between(self, low: float, high: float, key: str) -> float:
        """A number in [low, high) that belongs to `key`."""
        return low + (high - low) * self.fraction(key)

    def pick(self, share: float, keys: tuple[str, ...]) -> tuple[str, ...]:
        """`share` of `keys`, at least one, in their own order; the same ones for the same seed."""
        wanted = max(1, round(share * len(keys)))
        chosen = set(sorted(keys, key=self.fraction)[:wanted])
        return tuple(key for key in keys if key in chosen)
