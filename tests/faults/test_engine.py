"""The engine names no fault: what it must know of one, the fault declares."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.faults import catalogue

PACKAGE = Path(__file__).parents[2] / "harness"
FILES = [
    path.relative_to(PACKAGE)
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] != "faults"
]
# Words that are somebody else's too, where they are meant as theirs: a folder or a file, and why.
THEIRS = {
    ("node/", "insufficient_scope"): "RFC 6750, 3.1: an error of a challenge",
    ("registry/", "insufficient_scope"): "RFC 6750, 3.1: an error of a challenge",
    ("link/", "bandwidth"): "Toxiproxy's word for a toxic",
    ("link/", "latency"): "Toxiproxy's word for a toxic",
    ("link/", "slow_close"): "Toxiproxy's word for a toxic",
    ("environment/link.py", "bandwidth"): "Toxiproxy's word for a toxic",
    ("plan/service_time.py", "bandwidth"): "Toxiproxy's word for a toxic",
    ("plan/service_time.py", "latency"): "Toxiproxy's word for a toxic",
    ("node/", "dns_timeout"): "an outcome of a dial",
    ("node/", "tls_timeout"): "an outcome of a handshake",
    ("seams/", "connection_limit"): "an act of the gateway by its name on the wire",
    ("seams/", "egress_quota"): "an act of the gateway by its name on the wire",
    ("seams/", "wrong_platform"): "an image that the gateway makes",
    ("load/", "pull_qps"): "kubelet's registryPullQPS, a part of a node that changes",
    ("clusters/", "pull_qps"): "kubelet's registryPullQPS, a part of a node that changes",
}


def named(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what is a fault's word, asks for its beginning (`dns_`) or its area."""
    words = set(catalogue())
    begins = {word[: at + 1] for word in words for at, letter in enumerate(word) if letter == "_"}
    tree = ast.parse(source)
    parts = {part for it in ast.walk(tree) if isinstance(it, ast.JoinedStr) for part in it.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in parts and node.value in words | begins:
            yield node.lineno, str(node.value)
        if isinstance(node, ast.Attribute) and node.attr == "area":
            yield node.lineno, ".area"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_no_file_of_the_engine_names_a_fault(file: Path) -> None:
    """Nor a beginning of its word; and the heading of the catalogue decides nothing."""
    allowed = {text for (place, text) in THEIRS if str(file).startswith(place)}
    if file == Path("scenario", "fault_catalogue.py"):
        allowed.add(".area")  # it prints the heading
    source = (PACKAGE / file).read_text(encoding="utf-8")
    assert [it for it in named(source) if it[1] not in allowed] == []


def test_what_is_allowed_is_still_there() -> None:
    """An exception that nobody needs any more goes."""
    said = {
        (str(file), text)
        for file in FILES
        for _, text in named((PACKAGE / file).read_text(encoding="utf-8"))
    }
    idle = [
        (place, text)
        for place, text in THEIRS
        if not any(file.startswith(place) and text == word for file, word in said)
    ]
    assert idle == []


def test_the_scan_finds_what_it_looks_for() -> None:
    """By example."""
    source = 'if word.startswith("dns_") or word == "partition" or fault.area == "TLS": pass'
    assert sorted(text for _, text in named(source)) == [".area", "dns_", "partition"]
    assert list(named('"""A partition."""\nname = "a_partition"')) == []
