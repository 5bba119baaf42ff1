"""The comparison of real and emulated nodes as a page of documentation."""

from collections.abc import Mapping, Sequence

from tests.fidelity.cases import FAULT_AT_S, FAULT_FOR_S, GROUPS, NODES, ROLLOUT_AT_S
from tests.fidelity.comparing import DELAY_S, DELAY_SHARE, Difference, commonest, usual

_INTRODUCTION = """\
# How far emulated nodes can be trusted

The same scenarios ran on real nodes of a kind cluster and on emulated nodes. Each fault is active
from {begins} s to {ends} s; a rollout begins at {rollout} s, so that its pods meet the fault, back
off and recover without help. {nodes} nodes; {runs} runs on each side, each with another seed.
Real: {versions}.

Made by `uv run python -m tests.fidelity --out docs/fidelity.md`.

A case agrees when whatever at least a quarter of the pods showed on one side was also seen on the
other (number of attempts, order of events and published reasons, requests in an attempt, error
texts), and when p50 and p95 of deployment delay differ by no more than {share:.0%} or {limit} s,
whichever is larger. (A quarter, because the two pods of a node pull in turn, so that half of them
may meet what the others do not.) Delays are p50 (p95) in seconds: retries fall on the kubelet's own
1 s tick, 11 to 16 s apart, so ranges are wide on both sides, and ten pods are too few for a
reliable p95.

In {alike} of {cases} cases everything but the delays agrees; in {agree} the delays agree as well.
The machine had two processors for up to two clusters of five nodes, and sometimes other work:
without a fault, a real pod took 3 s there instead of 1 to 2 s on a quiet machine, and short delays
differ by that much.

Not compared: `storage_quota`, which affects only pushes; `image_garbage_collection` and
`over_eager_cleanup`, which need an earlier rollout (tests/cluster has the first on real nodes).

| case | fault | pods | attempts | real | emulated | agrees |
|---|---|---|---|---|---|---|
"""


def markdown(found: Sequence[Difference], *, runs: str, versions: Mapping[str, str]) -> str:
    """The page: a table of cases, below it the requests of a failed attempt and the differences."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    head = _INTRODUCTION.format(
        begins=FAULT_AT_S,
        ends=FAULT_AT_S + FAULT_FOR_S,
        rollout=ROLLOUT_AT_S,
        nodes=NODES,
        runs=runs,
        agree=sum(not it.differing for it in found),
        alike=sum(not set(it.differing) - {"p50", "p95"} for it in found),
        cases=len(found),
        versions=named,
        share=DELAY_SHARE,
        limit=DELAY_S,
    )
    rows = "".join(map(_row, found))
    requests = "".join(map(_requests, found))
    texts = "".join(map(_texts, (it for it in found if it.differing)))
    parts = [head + rows]
    parts.append(
        "## Requests of an attempt while the fault is active\n\n"
        "As recorded by the gateway, which requests that a link or name server fault stops never "
        "reach.\n\n"
        f"| case | real | emulated |\n|---|---|---|\n{requests}"
    )
    parts.append(f"## Where they differ\n\n{texts or 'Nowhere.'}")
    return "\n".join(parts).rstrip() + "\n"


def _row(it: Difference) -> str:
    faults = {case.name: case.fault for group in GROUPS for case in group.cases}
    fault = f"`{faults[it.case].rstrip(':')}`" if faults.get(it.case) else "none"
    delays = [
        f"{seen.quantile(0.5):.1f} ({seen.quantile(0.95):.1f})" for seen in (it.real, it.emulated)
    ]
    agrees = "yes" if not it.differing else "no: " + ", ".join(it.differing)
    pods = f"{len(it.real.delays_s)}, {len(it.emulated.delays_s)}"
    attempts = " or ".join(map(str, sorted(usual(it.real.attempts))))
    return f"| {it.case} | {fault} | {pods} | {attempts} | {' | '.join(delays)} | {agrees} |\n"


def _requests(it: Difference) -> str:
    both = [", ".join(it.requests_a_try()) or "nothing" for it in (it.real, it.emulated)]
    return f"| {it.case} | {' | '.join(both)} |\n"


def _texts(it: Difference) -> str:
    lines = [f"### {it.case}\n"]
    for name in ("attempts", "events", "reasons", "texts"):
        if name in it.differing:
            lines += [f"{name}, most often:\n", "```text"]
            for side, seen in (("real    ", it.real), ("emulated", it.emulated)):
                counted = getattr(seen, name)
                most = commonest(counted)
                lines.append(f"{side} {counted.get(most, 0)}/{sum(counted.values())}: {most}")
            lines.append("```")
    ranges = [
        f"{side} {seen.quantile(0):.1f} to {seen.quantile(1):.1f} s"
        for side, seen in (("real", it.real), ("emulated", it.emulated))
    ]
    lines.append(f"Delays: {', '.join(ranges)}.\n")
    return "\n".join(lines) + "\n"
