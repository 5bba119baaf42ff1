"""The reference registry, for tests that are skipped where it is not."""

import os
from pathlib import Path

import pytest

from harness.cli.settings import cache_folder
from harness.environment.programs import DISTRIBUTION


def require_distribution() -> Path:
    """Its program. Skips the test where there is none."""
    named = os.environ.get("HARNESS_DISTRIBUTION") or None
    found = DISTRIBUTION.find(named=named, cache_folder=cache_folder())
    if found is None:
        pytest.skip("distribution is not here: harness setup distribution builds it")
    return found
