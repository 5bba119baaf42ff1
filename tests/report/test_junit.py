"""`junit.xml`, as a CI server reads it."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from harness.report.junit import clean, joined_junit, junit_xml
from tests.recordings import RunFolder, analysed, outage, reported
from tests.report.test_html import hostile


def suite(run: RunFolder, folder: Path) -> ET.Element:
    text = junit_xml(analysed(run, folder).findings)
    root = ET.fromstring(text)  # noqa: S314  our own file
    (found,) = root.findall("testsuite")
    return found


def test_a_case_for_each_expectation_and_each_fault(tmp_path: Path) -> None:
    """What failed is a failure, what is inconclusive an error, and the counts agree."""
    run = outage()
    run.fault("latency-1", 60, 70, bites=0)
    run.expect = [
        {"metric": "pods_ready", "at_least": 1.0},
        {"metric": "recovery_time", "at_most": 1},
        {"metric": "pull_error_rate", "at_most": 0.001, "phase": "before"},
    ]
    found = suite(run, tmp_path)
    results = {
        case.get("name"): [child.tag for child in case] for case in found.findall("testcase")
    }
    assert results == {
        "dns-outage": ["failure"],
        "pods_ready at least 100 %": ["system-out"],
        "recovery_time at most 1 s": ["failure"],
        "pull_error_rate before at most 0.1 %": ["error"],
        "dns_nxdomain-1 occurrence 1 affected requests": ["system-out"],
        "latency-1 occurrence 1 affected requests": ["error"],
    }
    assert (found.get("tests"), found.get("failures"), found.get("errors")) == ("6", "2", "2")


def test_the_properties_say_what_limited_the_run(tmp_path: Path) -> None:
    """And how many of the arrivals found every client busy."""
    run = outage()
    for number in range(20):
        run.pull(f"pulls-1-{number}", number + 5, number + 6, due_s=number, waited_for_client_s=5)
    run.pulls = [{"name": "pulls-1", "users": 1}]
    found = suite(run, tmp_path).iterfind("properties/property")
    told = {one.get("name"): one.get("value") for one in found}
    expected = {"limited_by": "client pool", "arrivals": "20", "pool_exhausted": "20"}
    assert told.items() >= expected.items()


def test_a_run_that_stopped_is_an_error_of_its_own(tmp_path: Path) -> None:
    """So that a job without a failed expectation is not green."""
    run = outage()
    run.events.pop()
    run.expect = [{"metric": "pods_ready", "at_least": 1.0}]
    names = [case.get("name") for case in suite(run, tmp_path).findall("testcase/error/..")]
    assert names == ["dns-outage", "pods_ready at least 100 %", "recording_stops"]


@pytest.mark.parametrize("make", [outage, hostile, RunFolder])
def test_it_is_valid_against_the_schema_that_servers_read(
    tmp_path: Path, make: type[RunFolder]
) -> None:
    """Elements, attributes, their order and types, as Jenkins and GitLab take them."""
    schema = xmlschema.XMLSchema(Path(__file__).parent / "junit.xsd")
    schema.validate(junit_xml(analysed(make(), tmp_path).findings))


def test_the_schema_refuses_what_servers_would(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    schema = xmlschema.XMLSchema(Path(__file__).parent / "junit.xsd")
    text = junit_xml(analysed(outage(), tmp_path).findings)
    assert not schema.is_valid(text.replace("<testcase ", "<case ").replace("</testcase", "</case"))
    assert not schema.is_valid(text.replace('tests="', 'tests="many '))


def test_what_xml_cannot_hold_is_left_out(tmp_path: Path) -> None:
    """Control characters and lone surrogates are no XML, even escaped."""
    run = outage()
    run.scenario = "dns\x00\x1b[31m<&\ud800>\ufffe"
    assert suite(run, tmp_path).get("name") == "harness.dns[31m<&>"
    assert clean("tab\tline\n\x0b") == "tab\tline\n"
    assert len(clean("x" * 1_000_000)) < 10_000


def test_the_cases_of_many_runs_are_one_valid_file(tmp_path: Path) -> None:
    """Repeats are told apart; a run that came to nothing is an error."""
    reported(run := outage().write(tmp_path / "dns-outage" / "run"))
    (tmp_path / "lost" / "run").mkdir(parents=True)
    runs = [(run, "repeat 1 of 2"), (run, "repeat 2 of 2"), (tmp_path / "lost" / "run", "")]
    text = joined_junit(runs)
    xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd")).validate(text)
    suites = ET.fromstring(text).findall("testsuite")  # noqa: S314  our own file
    assert [it.get("name") for it in suites] == [
        "harness.dns-outage repeat 1 of 2",
        "harness.dns-outage repeat 2 of 2",
        "harness.lost",
    ]
    names = [(it.get("classname"), it.get("name")) for it in suites[0].findall("testcase")]
    again = [(it.get("classname"), it.get("name")) for it in suites[1].findall("testcase")]
    assert not set(names) & set(again)
    assert suites[2].find("testcase/error") is not None
