"""Three questions of a capacity review, each answered from the tables of one run."""

from typing import Final

EXAMPLES: Final = """\
## Three questions of a capacity review

They run as they stand in a run folder with pandas; a test does so.

How many bytes does the registry send in its busiest second, and what would ten times the nodes
need?

```python
import pandas as pd

requests = pd.read_parquet("tables/requests.parquet")
done = requests[requests["bytes"] > 0]
per_second = done.groupby(done["done_s"] // 1)["bytes"].sum()
nodes = done.loc[done["node"] != "clients", "node"].nunique()
busiest = per_second.max() / 2**20
print(f"busiest second: {busiest:,.1f} MiB, {len(done):,} answers with a body, {nodes} nodes")
print(f"ten times the nodes: {10 * busiest * 8 * 2**20 / 1e9:,.2f} Gbit/s")
```

How many pods are late by more than five seconds because of a fault, and what did they wait for?

```python
import pandas as pd

pods = pd.read_parquet("tables/pods.parquet")
parts = ["schedule_s", "queue_s", "resolve_s", "auth_s", "manifest_s", "download_s", "backoff_s"]
usual = pods.loc[pods["phase"] == "before", "delay_s"].median()
during = pods[pods["phase"] == "during"]
late = during[during["delay_s"].fillna(float("inf")) > usual + 5]  # never Ready is late
print(f"usual delay {usual:.1f} s; late: {len(late)} of {len(during)} pods")
print(late[parts].mean().sort_values(ascending=False).head(3).to_string())
```

How many pulls at once did the registry serve before they became slow?

```python
import pandas as pd

pulls = pd.read_parquet("tables/pulls.parquet").query("outcome == 'ok' and requests > 0")
took = pulls["ended_s"] - pulls["started_s"]  # service time; from due_s: pull duration
at_once = pulls["started_s"].map(
    lambda at: ((pulls["started_s"] <= at) & (pulls["ended_s"] > at)).sum()
)
by_load = took.groupby(pd.cut(at_once, [0, 2, 4, 8, 16, 32, 10_000]), observed=True)
print(by_load.describe(percentiles=[0.5, 0.95])[["count", "50%", "95%"]].round(2).to_string())
```
"""
