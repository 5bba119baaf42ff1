"""The embedded link: a TCP proxy that speaks Toxiproxy 2.12's HTTP API and does its toxics.

A scenario that runs on one runs on the other. It differs only where that helps:

- `latency` delays by time alone. Toxiproxy holds at most 1,024 chunks a connection, which caps a
  blob at 32 MiB per delay. Here all connections together share `flow.BUDGET_BYTES`; only beyond
  it readers are slowed down.
- `reset_peer` resets connections that were open before it, not only later ones, and when it is
  removed while it waits, the connection is reset at once.
- Jitter, slices and toxicity come from the seed, so a run can be repeated; a connection keeps its
  draw of toxicity until it ends.
- `timeout` that is removed ends the connections it held, not those that its toxicity spared.
- The client's half-close is passed on as one, and a reset peer is passed on as a reset; Toxiproxy
  turns both into a plain close of the other side.
- The gateway is connected to without holding up other clients, for at most `dial.CONNECT_LIMIT_S`.
- A disabled proxy keeps its port to itself, so that it can always be enabled again.
- Extensions: `harness_lifetime_s` in the body of a toxic or a proxy update undoes the change by
  itself after so many seconds; `GET /harness/bites` counts what each toxic changed, and the
  connections that a disabled proxy ended, under the `harness_tally` of the request.
"""
