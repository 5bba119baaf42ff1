"""The OCI distribution specification's own tests, every one, with all that is optional."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
import uvloop

from harness.environment.registry import RegistryPlace, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.upstream.access import UpstreamSettings
from harness.process.child import Run
from harness.process.journal import Journal
from harness.registry.app import Registry
from harness.registry.tokens import Account, TokenService
from tests.conformance.suite import Report, read_report, run_suite
from tests.distribution import require_distribution
from tests.go_tools import CONFORMANCE, require_go_tool
from tests.registry_server import PASSWORD, USER
from tests.standing import standing

TESTS_AT_LEAST = 980  # this version has 986; fewer would mean that something was switched off


@pytest.fixture(scope="module")
def suite() -> Path:
    return require_go_tool(CONFORMANCE, "conformance")


@contextmanager
def registry_alone(folder: Path, *, guarded: bool) -> Iterator[str]:
    """The embedded registry with nothing before it; its host and port."""
    tokens = TokenService(
        Account(username=USER, password=PASSWORD) if guarded else None,
        lifetime_s=300,
        anonymous_pull=False,
    )
    registry = Registry(folder / "content", tokens, guarded=guarded)
    server = uvicorn.Server(uvicorn.Config(registry, ws="none", lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=lambda: uvloop.run(server.serve([listener])))
        serving.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            serving.join(20)
            registry.index.close()


def require_all_passed(report: Report) -> None:
    assert report.not_passed == ()
    assert report.tests >= TESTS_AT_LEAST


@pytest.mark.conformance
@pytest.mark.parametrize("guarded", [False, True], ids=["open", "tokens"])
def test_the_embedded_registry_alone_passes_all_of_it(
    suite: Path, tmp_path: Path, *, guarded: bool
) -> None:
    """With nothing before it, whether or not it wants tokens."""
    username, password = (USER, PASSWORD) if guarded else ("", "")
    with registry_alone(tmp_path, guarded=guarded) as place:
        report = run_suite(suite, place, tmp_path, username=username, password=password)
    require_all_passed(report)


@pytest.mark.conformance
@pytest.mark.parametrize("setting", ["auth=none", "auth=token", "tls=true"])
def test_it_passes_through_gateway_and_link_without_a_fault(
    suite: Path, tmp_path: Path, setting: str
) -> None:
    """As `harness up` gives it: what stands between a client and the registry changes nothing."""
    with standing(tmp_path, "--set", f"environment.registry.{setting}") as up:
        report = run_suite(
            suite,
            up.through_link,
            tmp_path,
            username=up.username,
            password=up.password,
            ca_file=up.told["registry"]["ca_file"],
        )
    require_all_passed(report)


@pytest.mark.conformance
@pytest.mark.distribution
def test_the_reference_registry_has_the_same_report_behind_the_gateway_as_alone(
    suite: Path, tmp_path: Path
) -> None:
    """It does not pass all of it, and the proxy makes nothing better or worse."""
    program = require_distribution()

    async def main(journal: Journal) -> tuple[Report, Report]:
        run = Run(run_id="suite", folder=tmp_path, journal=journal, clock_start_s=time.monotonic())
        settings = UpstreamSettings(provider="distribution", program=program)
        async with open_registry(
            run, RegistrySettings(auth="none"), RegistryPlace(nodes=("node-0",)), upstream=settings
        ) as room:
            assert room.upstream is not None
            reports = []
            for name, url in (("alone", room.upstream.url), ("proxied", room.direct_url)):
                (tmp_path / name).mkdir()
                place = urlsplit(url).netloc
                repositories = (f"{name}/one", f"{name}/two")
                reports.append(
                    await asyncio.to_thread(
                        run_suite, suite, place, tmp_path / name, repositories=repositories
                    )
                )
        return reports[0], reports[1]

    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        alone, proxied = asyncio.run(main(journal))
    assert alone.tests > 0
    assert {verdict(it) for it in proxied.not_passed} == {verdict(it) for it in alone.not_passed}
    assert proxied.tests == alone.tests


def verdict(told: str) -> str:
    """Name and verdict without the reason, which holds addresses and random names."""
    return told.split(": ", 2)[0] + " " + told.split(": ", 2)[1]


def test_a_report_is_read_to_its_last_failure(tmp_path: Path) -> None:
    """Whatever is not passed is told with its reason: failed, in error, skipped, switched off."""
    junit = tmp_path / "junit.xml"
    junit.write_text(
        '<testsuites tests="4"><testsuite name="s">'
        '<testcase name="a" classname="c" status="passed"/>'
        '<testcase name="b" classname="c" status="failure"><failure message="no"/></testcase>'
        '<testcase name="d" classname="c" status="skipped"><skipped message="off"/></testcase>'
        '<testcase name="e" classname="c" status="error"><error message="bad"/></testcase>'
        "</testsuite></testsuites>"
    )
    assert read_report(junit) == Report(
        tests=4, not_passed=("c/b: failure: no", "c/d: skipped: off", "c/e: error: bad")
    )
