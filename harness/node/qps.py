"""Kubelet's limit on pulls a second: a token bucket that refuses at once instead of waiting."""

from dataclasses import dataclass, field


@dataclass
class TokenBucket:
    """`qps` tokens a second, at most `burst` at a time (client-go: util/flowcontrol/throttle.go).

    `qps` 0: no limit (kubelet: pkg/kubelet/images/helpers.go).
    """

    qps: float
    burst: int
    _tokens: float = field(init=False)
    _filled_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)

    def accepts(self, now_s: float) -> bool:
        """Take a token if there is one. Times must not go back."""
        if self.qps <= 0:
            return True
        if self._filled_s is not None:
            grown = max(0.0, now_s - self._filled_s) * self.qps
            self._tokens = min(float(self.burst), self._tokens + grown)
        self._filled_s = now_s
        if self._tokens < 1 - 1e-9:  # what is lost in adding up fractions is not a token
            return False
        self._tokens -= 1
        return True
