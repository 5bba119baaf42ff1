"""Which tests may skip: on a machine that HARNESS_REQUIRE says has a thing, none for want of it."""

import os
from collections.abc import Generator

import pytest

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
