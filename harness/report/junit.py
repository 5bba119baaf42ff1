"""`junit.xml`: a test case for the scenario, each expectation and each fault."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, parse, tostring

from harness.analysis.comparison import Comparison
from harness.analysis.findings import ExpectationFinding, FaultFinding, Findings
from harness.recording.outcome import ExitCode, Verdict
from harness.report.comparison import headline, name_of, sentence
from harness.report.suite_rows import how_it_ended
from harness.report.words import bites_text, value_text, xml_text

_LONGEST: Final = 4000


def junit_xml(findings: Findings, comparison: Comparison | None = None) -> str:
    """The suite as XML. A failed expectation is a failure, what is inconclusive an error."""
    name = clean(f"harness.{findings.run.scenario or 'run'}")
    suite = Element("testsuite", name=name, time=f"{findings.run.duration_s:.3f}")
    if findings.run.started:
        suite.set("timestamp", clean(findings.run.started))
    properties = SubElement(suite, "properties")
    for key, value in (
        ("run_id", findings.run.run_id),
        ("seed", str(findings.run.seed)),
        ("verdict", findings.verdict),
        ("exit_code", str(findings.exit_code)),
        ("link", findings.run.link_kind),
        ("limited_by", findings.load.limited_by),
        ("arrivals", str(findings.load.arrivals)),
        ("pool_exhausted", str(findings.load.pool_exhausted)),
    ):
        SubElement(properties, "property", name=key, value=clean(value))
    _scenario(suite, name, findings)
    for expectation in findings.expectations:
        _expectation(suite, name, expectation)
    for fault in findings.faults:
        _fault(suite, name, fault)
    _the_rest(suite, name, findings)
    if comparison:
        _comparison(suite, name, comparison)
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def joined_junit(runs: Sequence[tuple[Path, str]]) -> str:
    """The cases of many (run folder, what to call it, as "repeat 2 of 5" or "") in one file.

    Each run is a suite. One that left no cases has a case that is an error.
    """
    suites = Element("testsuites")
    for folder, repeat in runs:
        try:
            found = parse(folder / "junit.xml").findall("testsuite")  # noqa: S314  written by us
        except (OSError, ParseError):
            found = [_nothing(folder)]
        for suite in found:
            for one in (suite, *suite.iter("testcase")):
                key = "name" if one is suite else "classname"
                one.set(key, f"{one.get(key, '')} {repeat}".rstrip())
            suites.append(suite)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _nothing(folder: Path) -> Element:
    """The suite of a run that was not reported on."""
    name = clean(f"harness.{folder.parent.name}")
    suite = Element("testsuite", name=name, time="0.000", tests="1", failures="0", errors="1")
    suite.set("skipped", "0")
    end = how_it_ended(folder)
    case = _case(suite, name, folder.parent.name)
    why = end.error if end and end.error else "it was stopped, or could not be reported on"
    SubElement(case, "error", type="no_findings", message=clean(f"no findings: {why}"))
    return suite


def clean(text: str) -> str:
    """`text` without the characters that XML cannot hold, and not endless."""
    return xml_text(text[:_LONGEST])


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=clean(group), name=clean(name), time="0.000")


def _scenario(suite: Element, name: str, findings: Findings) -> None:
    """The run as a whole, with the time it took."""
    case = _case(suite, name, findings.run.scenario or "run")
    case.set("time", f"{findings.run.duration_s:.3f}")
    if findings.exit_code in {ExitCode.FAIL, ExitCode.ABORTED}:
        SubElement(case, "failure", type="verdict", message=clean(findings.headline))
    elif findings.exit_code != ExitCode.PASS:
        SubElement(case, "error", type="verdict", message=clean(findings.headline))
    else:
        SubElement(case, "system-out").text = clean(findings.headline)


def _expectation(suite: Element, name: str, finding: ExpectationFinding) -> None:
    case = _case(suite, f"{name}.expectations", finding.text)
    message = f"{value_text(finding)}; {finding.samples} samples"
    message += f"; {finding.note}" if finding.note else ""
    if finding.verdict == Verdict.FAIL:
        SubElement(case, "failure", type="expectation", message=clean(message))
    elif finding.verdict == Verdict.INCONCLUSIVE:
        SubElement(case, "error", type="not_judged", message=clean(message))
    else:
        SubElement(case, "system-out").text = clean(message)


def _fault(suite: Element, name: str, fault: FaultFinding) -> None:
    case = _case(
        suite, f"{name}.faults", f"{fault.fault} occurrence {fault.occurrence} affected requests"
    )
    if fault.injected_s is None:
        message = fault.error or "was not injected"
        SubElement(case, "error", type="not_injected", message=clean(message))
    elif not fault.bitten:
        message = "was injected but affected no request"
        SubElement(case, "error", type="never_bit", message=clean(message))
    elif fault.error:
        SubElement(case, "error", type="heal_failed", message=clean(fault.error))
    else:
        SubElement(case, "system-out").text = clean(bites_text(fault))


def _the_rest(suite: Element, name: str, findings: Findings) -> None:
    """What makes the run inconclusive and belongs to no expectation or fault."""
    elsewhere = {
        "expectation_failed",
        "not_judged",
        "fault_never_bit",
        "fault_failed",
        "heal_failed",
    }
    for reason in findings.reasons:
        if reason.kind not in elsewhere:
            case = _case(suite, f"{name}.run", reason.kind)
            SubElement(case, "error", type=reason.kind, message=clean(reason.text))


def _comparison(suite: Element, name: str, found: Comparison) -> None:
    """A case for the comparison as a whole and one for each figure that could be judged."""
    case = _case(suite, f"{name}.comparison", f"compared with {found.a}")
    SubElement(case, "system-out").text = clean(headline(found))
    for one in found.figures:
        if one.change is None:
            continue
        case = _case(suite, f"{name}.comparison", name_of(one))
        if one.change_is == "worse":
            SubElement(case, "failure", type="regression", message=clean(sentence(one)))
        else:
            SubElement(case, "system-out").text = clean(sentence(one))
