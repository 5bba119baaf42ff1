"""A context that was named twice is found in the user's files, which are only read."""

from pathlib import Path

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.existing.contexts import kubeconfig_with

CONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: NAME, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
"""


def config(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(CONFIG.replace("NAME", name), encoding="utf-8")
    return path


def test_the_first_file_that_has_it_is_taken(tmp_path: Path) -> None:
    """As kubectl reads KUBECONFIG; one that is not there is no error."""
    files = (tmp_path / "gone", config(tmp_path, "dev"), config(tmp_path, "prod"))
    assert kubeconfig_with("prod", files, ("prod",)) == tmp_path / "prod"


def test_nothing_is_read_without_leave(tmp_path: Path) -> None:
    """Not even to see whether it is there."""
    with pytest.raises(ClusterError, match="only with --allow-context prod, which names 'dev'"):
        kubeconfig_with("prod", (tmp_path / "gone",), ("dev",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (CONFIG.replace("NAME", "dev"), "not in the kubeconfig, which has dev"),
        ("a: [", "is no kubeconfig"),
        ("just text", "is no kubeconfig"),
        ("", "is no kubeconfig"),
        ("clusters: 7", "is no kubeconfig"),
        ("clusters: []\ncontexts: []\n", "not in the kubeconfig, which has none"),
    ],
)
def test_a_file_that_cannot_serve_is_reported(tmp_path: Path, text: str, sentence: str) -> None:
    """One sentence that names it."""
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ClusterError, match=sentence):
        kubeconfig_with("prod", (path,), ("prod",))


def test_no_file_at_all_is_reported(tmp_path: Path) -> None:
    """With where it was looked for."""
    with pytest.raises(ClusterError, match=f"no kubeconfig there: {tmp_path}/config"):
        kubeconfig_with("prod", (tmp_path / "config",), ("prod",))
