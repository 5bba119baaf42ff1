"""Numbers as people read them; the same in every format."""

import re
from typing import Final

from harness.analysis.findings import ExpectationFinding, FaultFinding, Findings
from harness.analysis.pod_findings import DelayFinding, QuantileFinding, RecoveryFinding
from harness.analysis.transfer_findings import FailingFinding

NONE: Final = "\N{EN DASH}"
_BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP: Final = 1024
_HALF_MS: Final = 0.0005
_MOST_WRONG: Final = 3
_NOT_XML: Final = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # XML 1.0, 2.2
_BITES_FROM: Final = {
    "seam": "counted where injected",
    "marked": "responses changed",
    "in_flight": "requests in flight",
    "pulls": "pulls in progress",
}


def phased(findings: Findings) -> bool:
    """Whether there are phases to tell apart: a fault was injected."""
    return any(one.injected_s is not None for one in findings.faults)


def told_delays(findings: Findings) -> list[DelayFinding]:
    """Groups that have pods, of all their pods; phases only where a fault makes them."""
    every = (one for one in findings.delay if one.population == "all" and one.pods)
    return [one for one in every if one.group != "phase" or phased(findings)]


def image_path(image: str) -> str:
    """`team/app:v1`, without the registry's name."""
    return image.partition("/")[2] or image


def simulated_text(findings: Findings) -> str:
    """That nothing in this run was real; "" for every other run."""
    if findings.run.rooms.get("cluster", {}).get("provider") != "simulated":
        return ""
    return "Simulated: nodes, network and registry were modelled on a virtual clock"


def wrong_image_text(findings: Findings) -> str:
    """How many pods run another image than was built, and which; "" when none does."""
    found = findings.right_image
    if not found.wrong:
        return ""
    named = ", ".join(
        f"{one.pods:,} of {image_path(one.image)} run "
        f"{image_path(one.is_image) or one.image_digest[:19]}"
        for one in found.images[:_MOST_WRONG]
    )
    more = ", and more" if len(found.images) > _MOST_WRONG else ""
    return (
        f"{found.wrong:,} of {found.pods:,} Ready pods run another image than the one that was "
        f"built: {named}{more}"
    )


def nodes_text(failing: FailingFinding) -> str:
    """`3: node-0, node-1, node-2`: how many, and those that failed most often."""
    more = ", …" if failing.nodes > len(failing.node_names) else ""
    return f"{failing.nodes:,}: {', '.join(failing.node_names)}{more}" if failing.nodes else "0"


def meanwhile_text(failing: FailingFinding) -> str:
    """Who could pull while these failed: what tells a broken repository from a broken registry."""
    successes = {"of it": failing.ok_meanwhile, "of others": failing.others_ok_meanwhile}
    return ", ".join(f"{count:,} {of}" for of, count in successes.items() if count) or "none"


def xml_text(text: str, instead: str = "") -> str:
    """`text` without the characters that XML cannot hold, not even escaped."""
    return _NOT_XML.sub(instead, text)


def seconds(value: float | None) -> str:
    """`0.42 s`, `12.3 s`, `185 s`: three figures are all a run can know."""
    if value is None:
        return NONE
    if abs(value) < _HALF_MS:
        return "0 s"
    if abs(value) < 0.9995:  # noqa: PLR2004  what is 1,000 ms when rounded is a second
        return f"{value * 1000:.3g} ms"
    return f"{value:.1f} s" if abs(value) < 100 else f"{value:,.0f} s"  # noqa: PLR2004


def latency(value: float | None) -> str:
    """As `seconds`, but one that is there is never nothing."""
    return "< 0.5 ms" if value is not None and value < _HALF_MS else seconds(value)


def size(value: float | None) -> str:
    """Bytes in binary units."""
    if value is None:
        return NONE
    for unit in _BINARY:
        if abs(value) < _STEP or unit == _BINARY[-1]:
            break
        value /= _STEP
    whole = unit == "B" or abs(value) >= 100  # noqa: PLR2004  three figures
    return f"{value:,.0f} {unit}" if whole else f"{value:.3g} {unit}"


def percent(value: float | None) -> str:
    """A share as a percentage; never rounded up to 100 or down to 0."""
    if value is None:
        return NONE
    text = f"{value * 100:.1f}"
    if text == "100.0" and value < 1:
        return "> 99.9 %"
    if text == "0.0" and value > 0:
        return "< 0.1 %"
    return f"{text.removesuffix('.0')} %"


def in_unit(value: float | None, unit: str) -> str:
    """`value` as its unit is read."""
    if unit == "share":
        return percent(value)
    if unit == "s":
        return seconds(value)
    if unit == "bytes/s":
        return f"{size(value)}/s"
    return NONE if value is None else f"{value:,.6g}"


def value_text(finding: ExpectationFinding) -> str:
    """The measured value, or what is known of it."""
    if finding.value is None and finding.more_than is not None:
        return f"more than {in_unit(finding.more_than, finding.unit)}"
    if finding.value is None and finding.samples:
        return "never"
    return in_unit(finding.value, finding.unit)


def margin_text(finding: ExpectationFinding) -> str:
    """How far from the limit, with its sign; a share of one in percentage points."""
    if finding.margin is None:
        return NONE
    sign = "+" if finding.margin >= 0 else "\N{MINUS SIGN}"
    size_of = abs(finding.margin)
    shown = f"{size_of * 100:.3g} pp" if finding.unit == "share" else in_unit(size_of, finding.unit)
    return f"{sign}{shown}"


def quantile_text(quantile: QuantileFinding) -> str:
    """The quantile, `> x` when it was never seen to end."""
    if quantile.value_s is None and quantile.more_than_s is not None:
        return f"> {seconds(quantile.more_than_s)}"
    return seconds(quantile.value_s)


def interval_text(quantile: QuantileFinding) -> str:
    """The 95 % interval where it is one; an open end is written as such."""
    if quantile.low_s is None and quantile.high_s is None:
        return ""
    low = "never" if quantile.low_s is None else seconds(quantile.low_s)
    high = "never" if quantile.high_s is None else seconds(quantile.high_s)
    return f"{low} to {high}" if low != high else ""


def first_success_text(recovery: RecoveryFinding) -> str:
    """How long until something succeeded; a dash when nothing was tried."""
    if recovery.first_success_wait_s is not None:
        return seconds(recovery.first_success_wait_s)
    return "never" if recovery.tried_again else NONE


def recovery_text(recovery: RecoveryFinding, *, finished: bool) -> str:
    """How long until the last waiting pod was Ready; of a run cut short, what was seen of it."""
    if recovery.pods_never_ready:
        if finished:
            return f"{recovery.pods_never_ready:,} never"
        return f"{recovery.pods_never_ready:,} not by the end of the run"
    return seconds(recovery.recovery_wait_s) if recovery.pods_waiting else NONE


def bites_text(fault: FaultFinding) -> str:
    """How many requests it affected, and how they were counted."""
    if fault.bites is None:
        return NONE
    return f"{fault.bites:,} ({_BITES_FROM.get(fault.bites_from, fault.bites_from)})"
