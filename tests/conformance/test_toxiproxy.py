"""The embedded link under Toxiproxy's own tests, with Toxiproxy's own client."""

import asyncio
from pathlib import Path

import pytest

from harness.environment.link import open_link
from tests.conformance.toxiproxy_tests import copied_module, run_tests
from tests.go_tools import require_go
from tests.link_lab import free_port, new_run

TESTS_AT_LEAST = 34  # all that this version has; fewer would mean that some were not found


@pytest.mark.conformance
def test_the_embedded_link_passes_toxiproxys_own_tests_of_its_api(tmp_path: Path) -> None:
    """Every one of them, as they are, but for the server that they would have started."""
    go = require_go("conformance")
    module = copied_module(go, tmp_path)

    def run(url: str) -> dict[str, str]:
        return run_tests(
            go,
            module,
            port=int(url.rpartition(":")[2]),
            free_ports=[free_port() for _ in range(5)],
        )

    async def main() -> dict[str, str]:
        with new_run(tmp_path) as harness_run:
            async with open_link(
                harness_run, kind="embedded", upstream_ports={}, open_control=True
            ) as service:
                return await asyncio.to_thread(run, service.control_url)

    outcomes = asyncio.run(main())
    assert {name: said for name, said in outcomes.items() if said != "pass"} == {}
    assert len(outcomes) >= TESTS_AT_LEAST
