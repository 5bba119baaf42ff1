"""`report.html`: one file, nothing from elsewhere, and no text in it can run."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.report.charts.drawing import drawable
from harness.report.html import in_script, page
from tests.analysis.test_breakdown import two_images
from tests.recordings import NAN, RunFolder, analysed, drawing_library, outage

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr", "path", "rect", "line", "circle"}
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "]]>--><!-- \x00\x1b[31m \u2028 {{7*7}} ${alert(3)} javascript:alert(4) 'quote\" `tick`"
)


class Page(HTMLParser):
    """Collects what a browser would run, fetch or show, and minds that tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.policy = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "script":
            self.scripts.append((known, ""))
        if tag == "meta" and known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data", "srcset"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


def hostile() -> RunFolder:
    """Every text that comes from outside is an attack."""
    run = outage()
    run.scenario = f"scenario {HOSTILE}".replace("\x00", "")
    run.fault(f"latency{HOSTILE}-1", 60, 70, where={"nodes": [HOSTILE]})
    run.pod(f"pod {HOSTILE}", 55, NAN, ended_s=119, node=HOSTILE, image=HOSTILE)
    run.pull(
        "x", 55, 56, pod=f"pod {HOSTILE}", node=HOSTILE, outcome="failed", cause="server",
        error_text=HOSTILE,
    )  # fmt: skip
    run.pull("y", 55, 56, outcome="failed", cause="server", error_text=HOSTILE * 10_000)
    run.request("x", 55, 56, kind=HOSTILE, node=HOSTILE, outcome="failed", cause=HOSTILE)
    return run


@pytest.fixture(scope="module")
def bundle() -> str:
    return drawing_library()


@pytest.mark.parametrize("make", [outage, hostile, RunFolder])
def test_nothing_runs_but_our_two_scripts(
    tmp_path: Path, bundle: str, make: type[RunFolder]
) -> None:
    """The page's own policy names them by hash; all other scripts are data."""
    found = Page(page(analysed(make(), tmp_path), bundle))
    running = [text for attributes, text in found.scripts if "type" not in attributes]
    assert len(running) == 2
    assert running[0] == bundle
    for text in running:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in found.policy
    assert "default-src 'none'" in found.policy
    assert found.handlers == []
    assert found.open == []


@pytest.mark.parametrize("make", [outage, hostile])
def test_nothing_is_fetched(tmp_path: Path, bundle: str, make: type[RunFolder]) -> None:
    """Every address is a place in the page."""
    text = page(analysed(make(), tmp_path), bundle)
    assert all(address.startswith(("#", "data:,")) for address in Page(text).addresses)
    elsewhere = re.findall(r"https?://[^\s\"'<>\\]+", bundle)
    assert {address for address in elsewhere if "//www.w3.org/" not in address} == set()


def test_the_data_in_the_page_is_the_data_of_the_run(tmp_path: Path, bundle: str) -> None:
    """Hostile names come out of the JSON as they went in."""
    found = Page(page(analysed(hostile(), tmp_path), bundle))
    data = [json.loads(text) for attributes, text in found.scripts if "type" in attributes]
    assert len(data) == 11
    names = {
        value.get("pod")
        for spec in data
        for layer in spec["layer"]
        for value in layer["data"]["values"]
    }
    assert drawable(f"pod {HOSTILE}") in names
    assert drawable(f"pod {HOSTILE}").startswith("pod </script><script>alert(1)")


def test_json_in_a_script_has_nothing_that_html_minds() -> None:
    """Neither an end tag, nor a comment, nor an entity."""
    text = in_script({"a": "</script><!--&amp;\u2028\ud800", "b": [float("nan"), 1.5]})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!--&amp;\u2028?", "b": [None, 1.5]}


def test_the_page_does_not_grow_with_the_samples(tmp_path: Path, bundle: str) -> None:
    """Twenty thousand pods, each with its own error, stay under the limit."""
    run = RunFolder()
    run.began()
    run.fault("latency-1", 1000, 2000)
    for number in range(20_000):
        run.pod(f"a-rather-long-name-of-a-rollout-{number:06}", number / 5, 1 + number % 50)
        word = f"{number:05}".translate(str.maketrans("0123456789", "abcdefghij"))
        run.pull(f"pull-{number}", number / 5, number / 5 + 1, outcome="failed", cause="server",
                 error_text=f"{word} " + "long " * 500)  # fmt: skip
    run.ended(4100)
    assert len(page(analysed(run, tmp_path), bundle).encode()) <= 2_500_000


def test_all_that_a_reader_needs_is_there(tmp_path: Path, bundle: str) -> None:
    """Verdict, limits, bites, link, seed and the command that repeats the run."""
    run = outage()
    run.expect = [{"metric": "recovery_time", "at_most": 1}]
    text = page(analysed(run, tmp_path), bundle)
    wanted: tuple[Any, ...] = (
        "Failed", "recovery_time at most 1 s", "40 (counted where injected)", "kind embedded",
        "harness run scenarios/dns-outage.yaml", "no such host", "prefers-color-scheme: dark",
    )  # fmt: skip
    for words in wanted:
        assert words in text


def test_the_commonest_error_stands_at_the_top(tmp_path: Path, bundle: str) -> None:
    """With how many of the failures it is, on how many nodes, and when."""
    text = page(analysed(outage(), tmp_path), bundle)
    top = text.partition("<main>")[0]
    assert "31 of 31 failures, on 4 nodes" in top
    assert "no such host" in top
    calm = RunFolder()
    calm.began()
    calm.pull("p", 1, 2)
    assert "Commonest error" not in page(analysed(calm, tmp_path / "calm"), bundle)


def test_a_run_cut_short_does_not_say_never(tmp_path: Path, bundle: str) -> None:
    """Pods that had no time to become Ready are another matter than those that had."""
    for reason, told in (("finished", "1 never"), ("aborted", "1 not by the end of the run")):
        run = outage()
        run.pod("stuck", 30, NAN, ended_s=119)
        run.events.pop()
        run.ended(120, reason=reason)
        assert told in page(analysed(run, tmp_path / reason), bundle)


def test_what_failed_by_itself_is_reported_by_repository(tmp_path: Path, bundle: str) -> None:
    """Also without a plan: from when to when, which versions, and who could pull meanwhile."""
    run = RunFolder()
    run.began()
    run.pull("a/1", 5, 6)
    run.pull("a/2", 10, 11, outcome="failed", cause="server", error_text="503 <b>")
    run.pull("b/1", 10, 11, image="registry.harness.test/tools:v1")
    run.request("a/1", 5, 6, kind="dns", status=0)
    run.ended(60)
    text = page(analysed(run, tmp_path), bundle)
    assert "No fault was planned, so these failures are not caused by the scenario." in text
    assert '<td class="name">app<small>v1</small></td>' in text
    assert "<td>1 of others</td>" in text
    assert "no answer" not in text  # a look-up has no status


def test_images_and_rollouts_have_a_section_where_there_are_several(tmp_path: Path) -> None:
    """With a row each, and nothing where there is one of each."""
    text = page(analysed(two_images(), tmp_path), "")
    assert '<td class="name">team/web</td>' in text
    assert '<td class="name">app-2</td>' in text
    assert "By image and rollout" not in page(analysed(outage(), tmp_path / "one"), "")


def alone(what: str) -> RunFolder:
    """A fault under `pulls` or `pushes` of clients, with no pod."""
    run = RunFolder()
    run.began()
    run.fault("latency-1", 10, 20)
    for number in range(30):
        took_s = 3.0 if 10 <= number < 20 else 1.0
        if what == "pulls":
            run.pull(f"p{number}", number, number + took_s, node="clients")
        else:
            run.push(f"p{number}", number, number + took_s)
    run.ended(40)
    return run


@pytest.mark.parametrize(("what", "one"), [("pulls", "pull"), ("pushes", "push")])
def test_a_run_without_pods_tells_of_its_pulls_or_pushes(
    tmp_path: Path, what: str, one: str
) -> None:
    """Their durations as tiles and as a chart; nothing of pods, and no other table's head."""
    text = page(analysed(alone(what), tmp_path), "")
    tiles = re.findall(r'<div class="label">(.*?)</div><div class="number">(.*?)</div>', text)
    assert tiles == [
        (f"p95 {one} duration before", "1.0 s"),
        (f"p95 {one} duration during", "3.0 s"),
        (f"p95 {one} duration after", "1.0 s"),
        (f"{one.capitalize()} error rate", "0 %"),
    ]
    assert f'<figure data-chart="{one}_points">' in text
    heads = set(re.findall(r'<th scope="col">(Pulls|Pushes|Pods)</th>', text))
    assert heads == {what.capitalize()}
    of_pods = ("Pods waiting", "No pods were recorded.", 'href="#delay"', "Recovery</div>")
    assert not [words for words in of_pods if words in text]
