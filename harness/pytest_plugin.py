"""pytest's door to the harness. Without `--harness` it adds two options and imports nothing."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: "pytest.Parser") -> None:
    group = parser.getgroup("harness", "misbehaving container image registries")
    group.addoption(
        "--harness",
        action="store_true",
        help="collect scenario files, and offer the fixtures registry_lab and fault",
    )
    group.addoption(
        "--harness-args",
        default="",
        metavar="ARGS",
        help="options of `harness run` for collected scenarios, as '--link embedded --seed 7'",
    )
    parser.addini(
        "harness_lab",
        "scenario file whose environment registry_lab stands up; default: one image of 16 MiB",
        default="",
    )


def pytest_configure(config: "pytest.Config") -> None:
    if config.getoption("--harness"):
        from harness.testing import fixtures, scenario_tests  # noqa: PLC0415  only with --harness

        config.pluginmanager.register(scenario_tests, "harness-scenario-tests")
        config.pluginmanager.register(fixtures, "harness-fixtures")
