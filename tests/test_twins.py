"""Every file has its test, and none grows too long."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FUNCTION_LINES = 70
PARAMETERS = 10
FILE_LINES = {"harness": 300, "tests": 500, "benchmarks": 400}  # tables of cases grow

# Files without a test of their own, and where they are tested instead.
TESTED_ELSEWHERE: dict[str, str] = {
    "harness/__main__.py": "tests/cli, by running the program",
    "harness/resolver/__main__.py": "tests/environment/test_resolver.py, as a process",
    "harness/resolver/control.py": "tests/resolver/test_dns_rules.py",
    "harness/resolver/zone.py": "tests/resolver/test_answers.py, through the answers",
    "harness/run/clean.py": "tests/cli/test_clean.py, by the verb",
    "harness/environment/registry_child.py": "tests/environment/test_registry.py, as a process",
    "harness/cli/baselines.py": "tests/cli/test_compare.py, by the verb",
    "harness/cli/baseline_gate.py": "tests/cli/test_compare.py, by running the program",
    "harness/cli/chosen_scenarios.py": "tests/cli/test_suites.py, by running the program",
    "harness/analysis/level_changes.py": "tests/analysis/test_trend.py, by whole series",
    "harness/report/changes.py": "tests/report/test_comparison.py, by the sentences",
    "harness/cli/abort_permission.py": "tests/cli/test_run.py, by the verb",
    "harness/plan/aborts.py": "tests/plan/test_plan.py and tests/run/test_abort_signals.py",
    "harness/scenario/abort_checks.py": "tests/scenario/test_loading.py, by whole files",
    "harness/report/charts/points.py": "tests/report/charts/test_over_time.py, by the charts",
    "harness/cli/reports.py": "tests/cli/test_run.py and test_caring.py",
    "harness/cli/stop.py": "tests/cli/test_run.py, by signals to the program",
    "harness/link/__main__.py": "tests/environment/test_link.py, as a process",
    "harness/link/api.py": "tests/contract/test_every_link_api.py, by one table for both servers",
    "harness/link/body.py": "tests/contract/test_every_link_api.py, with the bodies",
    "harness/link/proxied_connection.py": "tests/contract/test_every_link.py, with real sockets",
    "harness/link/dial.py": "tests/contract/test_every_link.py, with real sockets",
    "harness/load/changed_node.py": "tests/contract/test_every_node_fault.py, in its process",
    "harness/clusters/emulated/emulated_nodes.py": "contract/test_every_node_fault.py",
    "harness/audit/content_checks.py": "tests/audit/test_audit.py, by planted defects",
    "harness/audit/listing.py": "tests/audit/test_hostile.py, by lists that are none",
    "harness/load/clients.py": "tests/load/test_rollouts.py, against a real registry",
    "harness/load/context.py": "tests/load/test_rollouts.py, in its process",
    "harness/load/nodes.py": "tests/load/test_rollouts.py, against a real registry",
    "harness/load/pod_record.py": "tests/load/test_rollouts.py, by the rows of real pulls",
    "harness/load/pull_rows.py": "tests/load/test_rollouts.py, by the rows of real pulls",
    "harness/load/pushes.py": "tests/load/test_rollouts.py and tests/node/test_push.py",
    "harness/load/users.py": "tests/load/test_rollouts.py and test_endings.py, as a process",
    "harness/node/authorizer.py": "tests/node/test_containerd.py, by the requests of a pull",
    "harness/node/endpoint.py": "tests/node/test_containerd.py, by the requests of a pull",
    "harness/node/fetcher.py": "tests/node/test_containerd.py, by the requests of a pull",
    "harness/node/resolve.py": "tests/node/test_containerd.py, by the requests of a pull",
    "harness/oci/documents.py": "tests/oci/test_images.py, by the digests of whole images",
    "harness/process/process_recovery.py": "tests/run/test_recover.py, by journals",
    "harness/environment/store_recovery.py": "tests/run/test_recover.py, by journals",
    "harness/environment/proxy_recovery.py": "tests/run/test_recover.py, by journals",
    "harness/environment/link_server.py": "tests/environment/test_link.py, as a process",
    "harness/environment/scoped_gateway.py": "tests/environment/test_registry.py, as a process",
    "harness/environment/scoped_rules.py": "tests/environment/test_registry.py, as a process",
    "harness/environment/control_desk.py": "tests/environment/test_registry.py, as a process",
    "harness/environment/lab_settings.py": "tests/environment/test_lab.py, by whole environments",
    "harness/plan/expected_load.py": "tests/plan/test_plan.py, by whole plans",
    "harness/plan/streams.py": "tests/plan/test_plan.py, by whole plans",
    "harness/scenario/environment_model.py": "tests/scenario/test_loading.py, by whole files",
    "harness/scenario/field_types.py": "tests/scenario/test_loading.py, by whole files",
    "harness/scenario/load_model.py": "tests/scenario/test_loading.py, by whole files",
    "harness/clusters/kind/readiness.py": "clusters/kind/test_creation.py, by stand-in programs",
    "harness/seams/acts.py": "tests/gateway/test_orders.py, by acts that are refused",
    "harness/run/run.py": "tests/cli/test_run.py, by running the program",
    "harness/report/suite_page.py": "tests/report/test_suite.py, by the whole suite",
    "harness/testing/fixtures.py": "tests/testing/test_lab.py, by tests that ask for them",
    "harness/clusters/rollouts/cluster_api.py": "tests/cluster/test_running.py, on a real cluster",
    "harness/clusters/rollouts/rollouts.py": "tests/cluster/test_running.py, on a real cluster",
    "harness/run/environment.py": "tests/cli/test_run.py and tests/cluster, by running the program",
    "harness/run/up.py": "tests/cli/test_up.py, by running the program",
    "harness/clusters/kind/kind_lab.py": "tests/cluster/test_kind_lab.py, on a real cluster",
    "harness/clusters/existing/existing_provider.py": "tests/cluster/test_existing.py",
    "harness/clusters/kind/kind_provider.py": "tests/cluster/test_running.py, on a real cluster",
    "harness/clusters/emulated/emulated_cluster.py": "tests/cli/test_run.py, by the program",
    "harness/clusters/rollouts/kubernetes.py": "tests/clusters/kind/test_kind_cluster.py",
    "harness/clusters/rollouts/kubernetes_cluster.py": "tests/cluster/test_running.py",
    "harness/clusters/existing/existing_nodes.py": "tests/cluster/test_existing.py",
    "harness/clusters/kind/deletion.py": "test_recovery.py beside it and tests/cluster",
    "harness/environment/scope.py": "only words; every service's test uses it",
    "harness/run/simulation.py": "tests/clusters/simulated/test_simulated_run.py, by whole runs",
    "harness/run/grounds.py": "tests/clusters/simulated/test_simulated_run.py, by whole runs",
    "harness/process/clock.py": "tests/clusters/simulated/test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/direct_control.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/known_answers.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_cluster.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_connection.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_exchange.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_handshake.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_lab.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_link.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_load.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_lookup.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_network.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_node.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_pull.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_registry.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_streams.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/simulated_wire.py": "test_simulated_run.py, by whole runs",
    "harness/clusters/simulated/virtual_flow.py": "test_simulated_run.py, by whole runs",
    "harness/registry_client/transport.py": "tests/audit/test_hostile.py, by hostile registries",
    "harness/registry_client/login.py": "tests/audit/test_hostile.py, by hostile registries",
    "harness/registry_client/limits.py": "tests/audit/test_hostile.py, by hostile registries",
    "harness/registry_client/ask_error.py": "tests/audit/test_hostile.py, by hostile registries",
    "harness/recording/metrics.py": "tests/analysis/test_expectations.py, by each metric",
    "harness/report/breakdown.py": "tests/report/test_markdown.py, by the page",
    "harness/report/markdown_table.py": "tests/report/test_markdown.py, by its cells",
    "harness/report/charts/latencies.py": "tests/report/test_html.py, by the page",
    "harness/plan/service_time.py": "tests/plan/test_warnings.py, by whole scenarios",
    "harness/plan/seam_calls.py": "tests/plan/test_expected_effects.py, by each fault",
    "harness/plan/client_pools.py": "tests/plan/test_warnings.py, by whole scenarios",
    "harness/load/stream_records.py": "tests/load/test_rollouts.py, by the rows of real pulls",
    "harness/load/pod_book.py": "tests/load/test_rollouts.py, by the rows of real pulls",
    "harness/scenario/expectation_where.py": "tests/analysis/test_breakdown.py, by expectations",
    "harness/analysis/subsets.py": "tests/analysis/test_breakdown.py, by the tables",
}

SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "harness").rglob("*.py"))
ALL = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("harness", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)


def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def decides(name: str) -> bool:
    """Whether a file holds code of its own, and not only words, protocols and what it passes on."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_promise(node)
        for node in ast.walk(parsed(name))
    )


def is_promise(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function only says what others will do: a docstring, dots, nothing else."""
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in function.body
    )


def twin_of(name: str) -> str:
    """`harness/oci/digest.py` has `tests/oci/test_digest.py`; a package has `test_<package>.py`."""
    inner = Path(name).relative_to("harness")
    if inner.name == "__init__.py":
        return f"tests/{inner.parent.as_posix()}/test_{inner.parent.name}.py"
    return (Path("tests") / inner.parent / f"test_{inner.name}").as_posix()


def imported_by_tests_of(name: str) -> bool:
    """Whether a test in the mirrored folder imports the file by name."""
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    folder = ROOT / "tests" / Path(name).relative_to("harness").parent
    return any(
        isinstance(node, ast.ImportFrom) and node.module == module
        for test in folder.glob("test_*.py")
        for node in ast.walk(ast.parse(test.read_text(encoding="utf-8")))
    )


@pytest.mark.parametrize("name", [name for name in SOURCES if decides(name)])
def test_every_file_has_a_test(name: str) -> None:
    """A twin by name, a test beside it that imports it, or a reason why not."""
    twin = twin_of(name)
    has_test = (ROOT / twin).exists() or imported_by_tests_of(name)
    assert has_test or name in TESTED_ELSEWHERE, f"{name}: {twin} is missing"


def test_no_excuse_outlives_its_reason() -> None:
    """An excused file exists and has no twin."""
    for name in TESTED_ELSEWHERE:
        assert (ROOT / name).exists(), f"{name}: is gone"
        assert not (ROOT / twin_of(name)).exists(), f"{name}: has a test and needs no excuse"


@pytest.mark.parametrize("name", ALL)
def test_no_file_and_no_function_is_too_long(name: str) -> None:
    """Whoever reads it must see it whole."""
    lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
    limit = FILE_LINES[name.split("/", maxsplit=1)[0]]
    assert lines <= limit, f"{name}: {lines} lines"
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{name}:{node.lineno}: {node.name}: {length} lines"


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many there are, `self` and `*args` counted."""
    it = function.args
    named = [*it.posonlyargs, *it.args, *it.kwonlyargs]
    return len(named) + (it.vararg is not None) + (it.kwarg is not None)


@pytest.mark.parametrize("name", [it for it in SOURCES if not it.startswith("harness/cli/")])
def test_no_function_takes_too_many_parameters(name: str) -> None:
    """What belongs together is passed as one; typer's verbs have their options as parameters."""
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = parameters_of(node)
            assert count <= PARAMETERS, f"{name}:{node.lineno}: {node.name}: {count} parameters"
