"""Fixtures for a team's own tests: a registry, and faults to hold on in it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.testing.lab import FaultOn, RegistryLab


@pytest.fixture(scope="session")
def registry_lab(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[RegistryLab]":
    """A registry for your own client: addresses, credentials and image names.

    It stands for the whole session; faults held on with `fault` are healed at the end of a block.
    The ini value `harness_lab` names a scenario whose environment is taken instead.
    """
    from harness.testing.lab import open_registry_lab  # noqa: PLC0415  only when it is asked for

    named = str(pytestconfig.getini("harness_lab"))
    scenario = pytestconfig.rootpath / named if named else None
    with open_registry_lab(scenario, tmp_path_factory.mktemp("registry_lab")) as lab:
        yield lab


@pytest.fixture
def fault(registry_lab: "RegistryLab") -> "Callable[[str], AbstractContextManager[FaultOn]]":
    """Makes blocks in which a fault is on.

    As in `with fault("latency: {delay: 200ms}"):`.
    """
    return registry_lab.fault
