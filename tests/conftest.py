"""What all tests share: workers, hypothesis, and which tests may skip.

On a machine that HARNESS_REQUIRE says has a thing, no test skips for want of it.
"""

import os
import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

# The suite starts a thousand interpreters. Where bytecode is not kept, as containers often have it,
# each compiles all that it imports: half of the suite's processor time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell starts background jobs with SIGINT ignored, and their children inherit that: Ctrl-C, which
# tests send, would not reach the program.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Workers share two cores: how long one example takes says nothing. Timings belong in benchmarks/.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

# Tests that share a cluster, or a program that the first of them builds, run on one worker.
_ONE_WORKER = ("cluster", "conformance", "clients", "actionlint")

_REQUIRED = {name for name in os.environ.get("HARNESS_REQUIRE", "").split(",") if name}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip of a test whose marker is required into a failure."""
    report = yield
    missing = _REQUIRED.intersection(marker.name for marker in item.iter_markers())
    if report.skipped and missing:
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        report.longrepr = f"{', '.join(sorted(missing))} is required here. {reason}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in _ONE_WORKER:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.xdist_group(name))
