"""Counting requests or bytes in fixed windows."""


class Window:
    """Lets `limit` through in each `length_s`, counted from `start_s` on."""

    def __init__(self, limit: int, length_s: float, start_s: float) -> None:
        self._limit = limit
        self._length_s = length_s
        self._start_s = start_s
        self._number = 0
        self._taken = 0

    def take(self, now_s: float) -> bool:
        """Whether one more may pass at `now_s`; if so it is counted."""
        if self.remaining(now_s) <= 0:
            return False
        self._taken += 1
        return True

    def spend(self, count: int, now_s: float) -> None:
        """Count `count` that pass in any case, also beyond the limit."""
        self.remaining(now_s)
        self._taken += count

    def remaining(self, now_s: float) -> int:
        """How many may still pass; negative when more were spent than the limit."""
        number = int((now_s - self._start_s) // self._length_s)
        if number != self._number:
            self._number, self._taken = number, 0
        return self._limit - self._taken
