"""The page as a reader opens it: from disk, in Chromium, without a network."""

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.test_breakdown import two_images
from tests.recordings import RunFolder, outage, reported
from tests.report.test_html import hostile

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # its own services ask in vain
    "--no-first-run",
    "--virtual-time-budget=10000",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="neither chromium nor google-chrome is on PATH"),
]


def opened(page: Path, folder: Path, *flags: str, fragment: str = "") -> tuple[str, str, list[str]]:
    """The document after its scripts ran, what the console said, and every address asked for."""
    assert CHROMIUM is not None
    net_log = folder / "net.json"
    told = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            *flags,
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={net_log}",
            "--enable-logging=stderr",
            "--dump-dom",
            page.as_uri() + fragment,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = "\n".join(line for line in told.stderr.splitlines() if "CONSOLE" in line)
    return told.stdout, console, asked(net_log)


class Tags(HTMLParser):
    """The names of all elements of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


def asked(net_log: Path) -> list[str]:
    """The addresses of page requests; Chromium's own services are not the page's."""
    text = net_log.read_text(encoding="utf-8", errors="replace")
    try:
        events: list[dict[str, Any]] = json.loads(text)["events"]
    except ValueError:
        return re.findall(r'"url":"(https?://[^"]*)"', text)
    initiated = [
        str(event["params"]["url"])
        for event in events
        if str(event.get("params", {}).get("initiator", "not an origin")) != "not an origin"
        and "url" in event.get("params", {})
    ]
    return [url for url in initiated if not url.startswith(("file:", "data:"))]


@pytest.mark.parametrize("make", [outage, hostile])
def test_every_chart_is_drawn_and_nothing_is_fetched(tmp_path: Path, make: type[RunFolder]) -> None:
    """Eleven drawings by the page's own script; the console is silent."""
    folder = make().write(tmp_path / "run")
    reported(folder)
    document, console, addresses = opened(folder / "report.html", tmp_path)
    assert document.count('class="drawing vega-embed') == 11
    assert Tags(document).seen.count("svg") == 11
    assert console == ""
    assert addresses == []


def test_all_charts_over_time_are_zoomed_together(tmp_path: Path) -> None:
    """By the link, as by the fields: every axis of the run's time shows the same seconds."""
    folder = outage().write(tmp_path / "run")
    reported(folder)
    page = folder / "report.html"
    whole, _, _ = opened(page, tmp_path)
    part, console, _ = opened(page, tmp_path, fragment="#t=30,42")
    assert "a part of the run" in part
    assert "a part of the run</output>" not in whole
    # Vega describes each axis for screen readers: "… with values from 30 to 42"
    over_time = re.compile(
        r"Seconds since the run began[^\"]*with values from ([\d.]+) to ([\d.]+)"
    )
    assert set(over_time.findall(part)) == {("30", "42")}
    assert len(over_time.findall(part)) >= 4
    assert set(over_time.findall(whole)) == {("0", "120")}
    assert console == ""


def test_a_page_that_asks_is_noticed(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    page = tmp_path / "asks.html"
    page.write_text("<!doctype html><img src='https://example.invalid/x.png'>", encoding="utf-8")
    _, _, addresses = opened(page, tmp_path)
    assert set(addresses) == {"https://example.invalid/x.png"}


def test_a_hostile_name_is_shown_as_it_is(tmp_path: Path) -> None:
    """No element of its making is in the document, and no script of its ran."""
    folder = hostile().write(tmp_path / "run")
    reported(folder)
    document, console, _ = opened(folder / "report.html", tmp_path)
    assert "onerror=alert(2)&gt;" in document
    assert "alert" not in console
    tags = Tags(document)
    assert "img" not in tags.seen
    assert tags.seen.count("script") == 2 + 11


def test_an_empty_recording_opens(tmp_path: Path) -> None:
    """Without drawings, and without complaints."""
    folder = RunFolder().write(tmp_path / "run")
    reported(folder)
    document, console, _ = opened(folder / "report.html", tmp_path)
    assert "No pods were recorded." in document
    assert console == ""


def test_dark_and_light_differ(tmp_path: Path) -> None:
    """The page follows the reader's setting, drawings included."""
    folder = outage().write(tmp_path / "run")
    reported(folder)
    assert CHROMIUM is not None
    pictures = []
    for scheme in ("0", "1"):  # Blink: 0 dark, 1 light
        picture = tmp_path / f"{scheme}.png"
        subprocess.run(
            [
                CHROMIUM,
                *FLAGS,
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--blink-settings=preferredColorScheme={scheme}",
                f"--screenshot={picture}",
                (folder / "report.html").as_uri(),
            ],
            capture_output=True,
            timeout=120,
            check=True,
        )
        pictures.append(picture.read_bytes())
    assert pictures[0] != pictures[1]


FRAMED = """<!doctype html>
<iframe src="{page}" width="{width}" height="844" style="border:0"></iframe>
<pre></pre><script>
onload = () => setTimeout(() => {{
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  const beyond = [...page.querySelectorAll("main *, header *")].filter((one) =>
    !one.closest(".scroll") && (one.matches(".role-legend") || !one.closest("svg"))
    && one.getBoundingClientRect().right > frame.contentWindow.innerWidth);
  const boxes = [...page.querySelectorAll("*")].filter((one) =>
    getComputedStyle(one).overflowX === "auto" && one.tagName !== "PRE");
  document.querySelector("pre").textContent = JSON.stringify({{
    width: page.scrollingElement.scrollWidth,
    beyond: beyond.map((one) => one.outerHTML.slice(0, 80)).slice(0, 5),
    tables: page.querySelectorAll("table").length,
    loose: [...page.querySelectorAll("table")].filter((one) => !one.closest(".scroll")).length,
    unreachable: boxes.filter((one) => one.tabIndex !== 0 || !one.ariaLabel
      || one.getAttribute("role") !== "region").length,
  }});
}}, 3000);
</script>"""


def seen_at(width: int, page: Path, folder: Path) -> dict[str, Any]:
    """What a window of `width` pixels makes of `page`; Chromium's own is never as narrow."""
    around = folder / "around.html"
    around.write_text(FRAMED.format(page=page.as_uri(), width=width), encoding="utf-8")
    document, _, _ = opened(around, folder, "--allow-file-access-from-files")
    told = re.search(r"<pre>(.*?)</pre>", document, re.DOTALL)
    assert told is not None
    found: dict[str, Any] = json.loads(unescape(told[1]))
    return found


@pytest.mark.parametrize("make", [outage, two_images, hostile, RunFolder])
def test_the_page_fits_a_phone_and_its_tables_are_reached_by_keyboard(
    tmp_path: Path, make: type[RunFolder]
) -> None:
    """Nothing stands beyond 390 pixels, legends least of all; what is wider scrolls by itself."""
    folder = make().write(tmp_path / "run")
    reported(folder)
    found = seen_at(390, folder / "report.html", tmp_path)
    assert found["width"] <= 390
    assert found["beyond"] == []
    assert found["tables"] >= 1 or make is RunFolder
    assert (found["loose"], found["unreachable"]) == (0, 0)
