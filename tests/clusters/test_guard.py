"""What a run may touch."""

import pytest

from harness.clusters.guard import (
    ClusterRefused,
    require_allowed_context,
    require_own_namespace,
    run_labels,
    run_namespace,
)


def test_names_and_labels_are_those_of_the_run() -> None:
    """One word everywhere."""
    assert run_namespace("abc123") == "harness-abc123"
    assert run_labels("abc123") == {"harness.run": "abc123"}


@pytest.mark.parametrize("run_id", ["", "a-b", "A", "a" * 21, "../a", "a\n"])
def test_a_run_id_that_is_no_name_is_refused(run_id: str) -> None:
    """It becomes a label, a namespace and a container's name."""
    with pytest.raises(ValueError, match="small letters and digits"):
        run_namespace(run_id)


@pytest.mark.parametrize(
    ("provider", "context", "allowed", "known", "sentence"),
    [
        ("kind", "prod", ("prod",), (), "needs provider: existing, got 'kind'"),
        ("existing", "", ("",), (), "needs the name of a kube-context"),
        ("existing", "prod", (), (), "--allow-context prod, which names nothing"),
        ("existing", "prod", ("staging",), (), "which names 'staging'"),
        ("existing", "prod", ("prod ",), (), "which names 'prod '"),
        ("existing", "prod", ("prod",), ("a", "b"), "not in the kubeconfig, which has a, b"),
    ],
)
def test_a_context_is_used_only_when_named_twice(
    provider: str, context: str, allowed: tuple[str, ...], known: tuple[str, ...], sentence: str
) -> None:
    """In the scenario and on the command line."""
    with pytest.raises(ClusterRefused, match=sentence):
        require_allowed_context(provider=provider, context=context, allowed=allowed, known=known)


def test_a_context_that_was_named_twice_is_used() -> None:
    """And is given back."""
    allowed = ("staging", "prod")
    assert (
        require_allowed_context(
            provider="existing", context="prod", allowed=allowed, known=("prod",)
        )
        == "prod"
    )


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("default", {"harness.run": "abc123"}),
        ("harness-abc123", None),
        ("harness-abc123", {"harness.run": "other"}),
        ("harness-other", {"harness.run": "other"}),
    ],
)
def test_other_namespaces_are_left_alone(name: str, labels: dict[str, str] | None) -> None:
    """The name alone does not make it ours, nor does the label."""
    with pytest.raises(ClusterRefused, match="is this run's"):
        require_own_namespace(name, labels, "abc123")
    require_own_namespace("harness-abc123", {"harness.run": "abc123"}, "abc123")
