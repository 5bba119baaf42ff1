"""Quotas that the registry keeps by itself: pulls, requests, storage and tags."""

from harness.node.qps import TokenBucket
from harness.oci.windows import Window
from harness.process.clock import monotonic_s
from harness.registry.index import Index
from harness.registry.profile import Limits, Profile, rate_values
from harness.registry.refusal import refusal
from harness.registry.request import Call

_ASKERS_MAX = 10_000  # those whose pulls are counted; beyond, all begin anew
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


class Quotas:
    """What is left of `limits`. Nothing is refused before `start`."""

    def __init__(self, limits: Limits, profile: Profile, index: Index) -> None:
        self._limits = limits
        self._profile = profile
        self._index = index
        self._started_s: float | None = None
        self._windows: dict[str, Window] = {}
        rate = limits.requests_per_s or 0.0
        self._bucket = TokenBucket(qps=rate, burst=max(1, int(rate)))

    def start(self) -> None:
        """Count from now on: what set the registry up and tried it cost nothing."""
        self._started_s = monotonic_s()
        self._windows.clear()

    def stop(self) -> None:
        """Refuse nothing any more."""
        self._started_s = None

    def require_rate(self) -> None:
        """Raises RefusalError when there are more requests than the registry takes."""
        rate = self._limits.requests_per_s
        if self._started_s is None or rate is None or self._bucket.accepts(monotonic_s()):
            return
        raise refusal(self._profile.too_many_requests, rate_values(rate, 1.0))

    def count_pull(self, call: Call, account: str) -> None:
        """Count a request for a manifest, and put the profile's rate headers on its answer.

        `account` "": nobody's, who is known by the address. Raises RefusalError.
        """
        pulls = self._limits.pulls
        if not account and self._limits.anonymous_pulls is not None:
            pulls = self._limits.anonymous_pulls
        if self._started_s is None or pulls is None:
            return
        address = (call.scope.get("client") or ("", 0))[0]
        window = self._window(account or f"@{address}", pulls)
        now_s = monotonic_s()
        counted = call.method == "GET" or self._profile.counts_head
        passes = not counted or window.take(now_s)
        if self._profile.rate_headers == "docker_hub":
            span = f"w={self._limits.window_s:.0f}"
            left = f"{window.remaining(now_s)};{span}"
            call.extra += [
                (b"ratelimit-limit", f"{pulls};{span}".encode()),
                (b"ratelimit-remaining", left.encode()),
                (b"docker-ratelimit-source", (account or address).encode("latin-1", "replace")),
            ]
        if not passes:
            raise refusal(
                self._profile.pulls_refusal(anonymous=not account),
                rate_values(pulls, self._limits.window_s),
            )

    def require_room(self, digest: str, size_bytes: int) -> None:
        """Raises RefusalError when content that is not stored yet would be too much."""
        limit, used = self._limits.storage_bytes, self._index.stored_bytes
        if self._started_s is None or limit is None or self._index.used(digest):
            return
        if used + size_bytes > limit:
            values = {
                "adding_bytes": size_bytes,
                "used_bytes": used,
                "limit_bytes": limit,
                "adding": _size(size_bytes),
                "used": _size(used),
                "limit": _size(limit),
            }
            raise refusal(self._profile.storage_full, values)

    def require_tags(self, name: str, tags: list[str]) -> None:
        """Raises RefusalError when `tags` would be more than the repository may have."""
        limit, repository = self._limits.tags, self._index.repository(name)
        if self._started_s is None or limit is None:
            return
        has = repository.tags if repository else {}
        if len(has) + len({tag for tag in tags if tag not in has}) > max(limit, len(has)):
            raise refusal(self._profile.tags_full, {"repository": name, "limit": limit})

    def _window(self, asker: str, pulls: int) -> Window:
        window = self._windows.get(asker)
        if window is None:
            if len(self._windows) >= _ASKERS_MAX:
                self._windows.clear()
            start_s = self._started_s or 0.0
            window = self._windows[asker] = Window(pulls, self._limits.window_s, start_s)
        return window


def _size(count: int) -> str:
    """As Harbor writes sizes: `29.0 MiB`."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f} {_UNITS[unit]}"
