"""The findings as OpenMetrics text, for a Pushgateway or a textfile collector."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from harness.analysis.findings import Findings
from harness.analysis.pod_findings import DelayFinding, QuantileFinding
from harness.analysis.transfer_findings import PullsFinding, PushesFinding
from harness.report.words import xml_text

_LONGEST_LABEL: Final = 200
_QUANTILES: Final = {"0.5": "p50", "0.9": "p90", "0.95": "p95", "0.99": "p99", "1": "max"}
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})

Sample = tuple[dict[str, object], float | None]


def openmetrics(findings: Findings) -> str:
    """One metric family a finding; each sample carries scenario and run id.

    A quantile that was never seen to end is +Inf; what was not measured is left out.
    """
    run = findings.run
    about: dict[str, object] = {"scenario": run.scenario, "run_id": run.run_id}
    lines = [
        "# TYPE harness_run info",
        "# HELP harness_run What ran, and its verdict.",
        _line("harness_run_info", about | _run_labels(findings), 1.0),
    ]
    for name, unit, text, samples in _families(findings):
        lines += [f"# TYPE {name} gauge"]
        lines += [f"# UNIT {name} {unit}"] if unit else []
        lines += [f"# HELP {name} {text}"]
        lines += [
            _line(name, about | labels, value) for labels, value in samples if value is not None
        ]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _run_labels(findings: Findings) -> dict[str, object]:
    run = findings.run
    limited_by = findings.load.limited_by
    about = {"verdict": findings.verdict, "seed": run.seed, "link": run.link_kind}
    return about | {"limited_by": limited_by}


def _families(findings: Findings) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    """Name, unit, help and samples of each family."""
    all_pods = [one for one in findings.delay if one.population == "all" and one.pods]
    yield from _of_delay(all_pods)
    yield from _of_faults(findings)
    yield from _of_load(findings)
    yield (
        "harness_expectation_met",
        "",
        "1: met, 0: not met; inconclusive ones are left out.",
        [
            ({"expectation": one.text}, {"pass": 1.0, "fail": 0.0}.get(one.verdict))
            for one in findings.expectations
        ],
    )
    yield "harness_run_exit_code", "", "0: pass.", [({}, float(findings.exit_code))]
    yield (
        "harness_run_duration_seconds",
        "seconds",
        "Duration of the run.",
        [({}, findings.run.duration_s)],
    )


def _of_delay(groups: list[DelayFinding]) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    yield (
        "harness_deployment_delay_seconds",
        "seconds",
        "Pod created to Ready, of all pods of a group.",
        [
            (
                {"group": one.group, "name": one.name, "quantile": quantile},
                _quantile(getattr(one, key)),
            )
            for one in groups
            for quantile, key in _QUANTILES.items()
        ],
    )
    yield (
        "harness_pods",
        "",
        "Pods of a group by outcome.",
        [
            ({"group": one.group, "name": one.name, "outcome": outcome}, getattr(one, outcome))
            for one in groups
            for outcome in ("ready", "failed", "unfinished", "missing")
        ],
    )


def _of_faults(findings: Findings) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    yield (
        "harness_fault_bites",
        "",
        "Requests, queries or connections that a fault changed.",
        [
            ({"fault": one.fault, "occurrence": one.occurrence}, one.bites)
            for one in findings.faults
        ],
    )
    for name, key, text in (
        ("recovery", "recovery_wait_s", "Fault removed until the last waiting pod is Ready."),
        (
            "first_success",
            "first_success_wait_s",
            "Fault removed until the first successful pull or push.",
        ),
    ):
        yield (
            f"harness_{name}_seconds",
            "seconds",
            text,
            [
                ({"fault": one.fault, "occurrence": one.occurrence}, getattr(one, key))
                for one in findings.recovery
            ],
        )


def _of_durations(
    what: str, phases: list[tuple[str, PullsFinding]] | list[tuple[str, PushesFinding]]
) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    for name, since, key in (("duration", "due", "ok"), ("service_time", "sent", "service")):
        yield (
            f"harness_{what}_{name}_seconds",
            "seconds",
            f"From {since} to done, of those that succeeded, by phase.",
            [
                ({"phase": phase, "quantile": quantile}, _quantile(getattr(one, f"{key}_{part}")))
                for phase, one in phases
                for quantile, part in (("0.5", "p50"), ("0.95", "p95"))
            ],
        )


def _of_load(findings: Findings) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    phases = [(one.phase or "all", one) for one in findings.pulls if one.pulls]
    yield from _of_durations("pull", phases)
    pushes = [(one.phase or "all", one) for one in findings.pushes if one.pushes]
    yield from _of_durations("push", pushes)
    yield (
        "harness_arrivals",
        "",
        "Background pulls and pushes that were due.",
        [({}, findings.load.arrivals)],
    )
    yield (
        "harness_pool_exhausted",
        "",
        "Those of them that found every client busy, by kind.",
        [
            ({"of": name}, sum(one.pool_exhausted for one in found if not one.phase))
            for name, found in (("pulls", findings.pulls), ("pushes", findings.pushes))
        ],
    )
    yield (
        "harness_pulls",
        "",
        "Pull attempts by phase and outcome.",
        [
            ({"phase": phase, "outcome": outcome}, getattr(one, outcome))
            for phase, one in phases
            for outcome in ("ok", "failed", "unfinished")
        ],
    )
    yield (
        "harness_pull_error_ratio",
        "ratio",
        "Share of pull attempts that failed, by phase.",
        [({"phase": phase}, one.error_rate) for phase, one in phases],
    )
    yield (
        "harness_throughput_bytes_per_second",
        "bytes_per_second",
        "Bytes per second that nodes received: mean and peak.",
        [
            ({"of": "mean"}, findings.throughput.mean_bytes_per_s),
            ({"of": "peak"}, findings.throughput.peak_bytes_per_s),
        ],
    )
    yield (
        "harness_load_lateness_seconds",
        "seconds",
        "How late the load generator sent requests that were due.",
        [
            ({"quantile": "0.5"}, findings.load.lateness_p50_s),
            ({"quantile": "0.99"}, findings.load.lateness_p99_s),
            ({"quantile": "1"}, findings.load.lateness_max_s),
        ],
    )


def _quantile(quantile: QuantileFinding) -> float | None:
    if quantile.value_s is None and quantile.more_than_s is not None:
        return float("inf")
    return quantile.value_s


def _line(name: str, labels: Mapping[str, object], value: float) -> str:
    written = ",".join(f'{key}="{_label(str(text))}"' for key, text in labels.items())
    number = "+Inf" if value == float("inf") else repr(float(value))
    return f"{name}{{{written}}} {number}"


def _label(text: str) -> str:
    known = xml_text(text[:_LONGEST_LABEL], "\N{REPLACEMENT CHARACTER}").replace("\r", " ")
    return known.translate(_ESCAPES)
