"""Programs written in Go that only tests use: built once into the harness's cache."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from harness.cli.settings import cache_folder
from harness.environment.go_program import GoProgram, SetupFailed

# The specification's own tests, as of its main branch on 31 August 2026.
CONFORMANCE: Final = GoProgram(
    title="the conformance suite",
    name="conformance",
    package="github.com/opencontainers/distribution-spec/conformance",
    version="0.0.0-20260831232431-97274622c111",
)
CRANE: Final = GoProgram(
    title="crane",
    name="crane",
    package="github.com/google/go-containerregistry/cmd/crane",
    version="0.22.1",
)
ORAS: Final = GoProgram(
    title="oras", name="oras", package="oras.land/oras/cmd/oras", version="1.3.6"
)
ACTIONLINT: Final = GoProgram(
    title="actionlint",
    name="actionlint",
    package="github.com/rhysd/actionlint/cmd/actionlint",
    version="1.7.7",
)


def require_go(marker: str) -> str:
    """Go itself, where HARNESS_REQUIRE asks for `marker`; else the test skips without it."""
    if marker not in os.environ.get("HARNESS_REQUIRE", "").split(","):
        pytest.skip(f"Go would have to build it; HARNESS_REQUIRE={marker} lets it")
    if found := shutil.which("go"):
        return found
    pytest.skip("Go is not on PATH")  # which is a failure where it is required


def require_go_tool(program: GoProgram, marker: str) -> Path:
    """`program`, built where HARNESS_REQUIRE asks for `marker`; else the test skips without it.

    A plain run of the tests downloads and builds nothing.
    """
    cache = cache_folder() / f"v{program.version}"  # another version is another program
    if found := program.find(cache_folder=cache, path=""):
        return found
    if marker not in os.environ.get("HARNESS_REQUIRE", "").split(","):
        pytest.skip(f"{program.title}: is not built yet; HARNESS_REQUIRE={marker} builds it")
    try:
        return program.install(cache)
    except SetupFailed as error:  # which is a failure where it is required
        pytest.skip(f"{program.title}: {error}")
