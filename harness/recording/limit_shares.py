"""From where on something limits a run: the analysis finds it, the plan warns of it before."""

from typing import Final

# The share of arrivals that may find every client busy: what is beyond it is in a p99.
POOL_SHARE: Final = 0.01
# One process serves all links on one core, and so does the registry: at this share of it, for a
# tenth of the time, requests queue in it for about six times as long as they take (M/M/1).
SERVICE_CPU_SHARE: Final = 0.85
