"""How long kubelet takes between the steps of a pod, as measured on a real node.

Kubelet v1.34.4, 63 failed rollouts. Each pod draws its own times, the same ones for each seed.
"""

import math
from typing import Final

from harness.chance import Chance

TICK_S: Final = 1.0  # every retry starts on kubelet's own tick, whose phase never changes
# An errored sync is due again after backOffPeriod, and up to half of it more: pod_workers.go.
_ERRORED_SYNC_S: Final = (10.0, 15.0)
# From a pod's creation to its first attempt, median 0.45 s. Measured were 0.5 to 0.62 s from
# `kubectl apply` to it; the difference, 0.11 s, is taken to be that command's own time, which was
# not measured. The longest are left out: they had waited for their secret.
_SANDBOX_S: Final = (0.39, 0.51)
# Measured least, median and most from the first attempt to the sync that PLEG asks for when it
# sees the sandbox; a pull that lasts longer only delays it.
_PLEG_SYNC_S: Final = (0.0, 0.91, 1.0)
# Measured from the end of a pull to the event `Started`.
CONTAINER_START_S: Final = 0.1
# Measured least, median and most from `Started` to an API that shows the pod running.
_API_DELAY_S: Final = (0.04, 0.53, 1.0)


class PodTimes:
    """The times of one node's pods. `tick_phase_s`: when in each second its ticks fall."""

    def __init__(self, *, node: str, chance: Chance, tick_phase_s: float) -> None:
        self._node = node
        self._chance = chance
        self._tick_phase_s = tick_phase_s

    def sandbox_s(self, pod: str) -> float:
        """From the creation of `pod`, which binds it, to its first attempt."""
        return self._chance.between(*_SANDBOX_S, f"{pod}/sandbox")

    def pleg_sync_s(self, pod: str) -> float:
        """From the first attempt to the sync that follows the sandbox."""
        return self._drawn(_PLEG_SYNC_S, f"{pod}/pleg")

    def api_delay_s(self, pod: str) -> float:
        """From `Started` to the API that shows it."""
        return self._drawn(_API_DELAY_S, f"{pod}/api")

    def errored_sync_s(self, pod: str, sync: int, now_s: float) -> float:
        """When the sync after one that failed at `now_s` starts, on a tick."""
        wait_s = self._chance.between(*_ERRORED_SYNC_S, f"{pod}/sync/{sync}")
        ticks = math.ceil((now_s + wait_s - self._tick_phase_s) / TICK_S)
        return self._tick_phase_s + ticks * TICK_S

    def _drawn(self, quantiles: tuple[float, float, float], key: str) -> float:
        """A number whose least, median and greatest are those measured; even between them."""
        least, median, most = quantiles
        fraction = 2 * self._chance.fraction(f"{self._node}/{key}")
        if fraction < 1:
            return least + (median - least) * fraction
        return median + (most - median) * (fraction - 1)
