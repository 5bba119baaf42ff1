"""The parts of an audit without a registry: patterns, documents, the saved file, the outputs."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.documents import (
    PARTS_MAX,
    DocumentError,
    read_document,
    read_parts,
    read_platform,
)
from harness.audit.findings import Check
from harness.audit.ledger import PAGE, Ledger
from harness.audit.memory import MemoryFileError, read_memory, write_memory
from harness.audit.naming import matches_any, missing_platforms, pattern
from harness.audit.output import as_json, as_junit, as_text
from harness.oci.media_types import OCI_CONFIG

ONE, TWO = f"sha256:{'1' * 64}", f"sha512:{'2' * 128}"


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        ("app", ["app"], ["apps", "app/x", "team/app"]),
        ("*", ["app"], ["team/app"]),
        ("*/*", ["team/app"], ["app", "a/b/c"]),
        ("team-*/**", ["team-a/b", "team-a/b/c"], ["team-a", "x/team-a/b"]),
        ("v?.*", ["v1.2"], ["v10.2", "v1"]),
        ("a.c", ["a.c"], ["abc"]),
        ("[a-z]", ["[a-z]"], ["b"]),
    ],
)
def test_patterns(text: str, matching: list[str], other: list[str]) -> None:
    """A star stays within its part of the name, two go on."""
    meant = [pattern(text)]
    assert [it for it in [*matching, *other] if matches_any(it, meant)] == matching


def test_platforms_that_are_missing() -> None:
    """A variant meets what names none; the other way round it does not."""
    has = ["linux/amd64", "linux/arm64/v8"]
    wanted = ["linux/amd64", "linux/arm64", "linux/arm64/v8", "linux/amd64/v3", "windows/amd64"]
    assert missing_platforms(has, wanted) == ["linux/amd64/v3", "windows/amd64"]


def described(digest: str = ONE, size: Any = 3, **more: Any) -> dict[str, Any]:
    return {"digest": digest, "size": size, **more}


def test_a_document_names_its_parts() -> None:
    """The config of an image is known as such; foreign layers and attestations are passed over."""
    document = read_document(
        json.dumps(
            {
                "config": described(mediaType=OCI_CONFIG),
                "layers": [
                    described(TWO),
                    described(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar"),
                ],
                "manifests": [
                    described(platform={"os": "linux", "architecture": "arm", "variant": "v7"}),
                    described(platform={"os": "unknown", "architecture": "unknown"}),
                    described(platform=[]),
                ],
                "subject": described(TWO),
            }
        ).encode()
    )
    assert document.config is not None
    assert [it.digest for it in document.blobs] == [ONE, TWO]
    assert [it.platform for it in document.manifests] == ["linux/arm/v7", "", ""]
    assert document.subject == TWO
    assert read_platform(b'{"os":"linux","architecture":"amd64"}') == "linux/amd64"
    assert read_platform(b'{"os":3}') == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"3", "is not a JSON object"),
        (b'{"layers":3}', "layers must be a list"),
        (b'{"layers":[3]}', "layers: digest 'None' is malformed"),
        (json.dumps({"layers": [described("md5:1")]}).encode(), "digest 'md5:1' is malformed"),
        (json.dumps({"layers": [described(size=-1)]}).encode(), "size '-1' is not a number"),
        (json.dumps({"layers": [described(size=True)]}).encode(), "size 'True' is not a number"),
        (json.dumps({"layers": [described(size=1 << 63)]}).encode(), "is not a number of bytes"),
        (json.dumps({"config": [1]}).encode(), "config: digest 'None' is malformed"),
    ],
)
def test_documents_that_are_none(content: bytes, said: str) -> None:
    """The message is the rule."""
    with pytest.raises(DocumentError, match=said):
        read_document(content)


def test_no_list_is_endless() -> None:
    """More parts than a manifest can mean are refused before they are looked at."""
    with pytest.raises(DocumentError, match="at most"):
        read_parts("layers", [None] * (PARTS_MAX + 1))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_an_error(content: bytes) -> None:
    """Nothing else is raised."""
    try:
        read_document(content)
    except DocumentError:
        return


TAGS = [("app", f"v{number:04}", ONE) for number in range(PAGE * 2 + 1)]


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    """Line by line, sorted as it came, with nothing beside it left."""
    path = tmp_path / "state"
    write_memory(path, TAGS)
    assert list(read_memory(path)) == TAGS
    assert list(tmp_path.iterdir()) == [path]

    def breaking() -> Any:
        yield TAGS[0]
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_memory(path, breaking())
    assert list(read_memory(path)) == TAGS


@pytest.mark.parametrize(
    "text",
    ["", "{}\n", '["app","v1","x"]\n', '{"form": "harness audit 1"}\n["app","v1","x"]\n', "\x00"],
)
def test_another_file_is_not_taken_for_one_that_was_saved(tmp_path: Path, text: str) -> None:
    """The message names the file and the line."""
    path = tmp_path / "state"
    path.write_text(text)
    with pytest.raises(MemoryFileError, match=r"state: (is empty|line [12])"):
        list(read_memory(path))


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    made = Ledger(tmp_path / "ledger")
    yield made
    made.close()


def test_pages_are_whole_although_the_table_is_written_to(ledger: Ledger) -> None:
    """Every tag comes once."""
    ledger.add_tags("app", [tag for _, tag, _ in TAGS])
    seen = []
    for tag in ledger.tags("app"):
        ledger.set_tag("app", tag, ONE)
        seen.append(tag)
    assert seen == [tag for _, tag, _ in TAGS]
    assert list(ledger.all_tags()) == TAGS
    ledger.remember([("app", tag, TWO) for _, tag, _ in TAGS])
    assert len(list(ledger.moved("app"))) == len(TAGS)
    assert ledger.claim(ONE)
    assert not ledger.claim(ONE)


NASTY = "<a>&\"'\x1b[31m\x00]]>"


def test_outputs_show_all_and_obey_nothing(ledger: Ledger) -> None:
    """Text is cut, JSON is whole, JUnit is XML with a case for each check."""
    ledger.add_repositories(["app"])
    for number in range(50):
        ledger.add(Check.DIGEST, "app", ONE, f"{number} {NASTY}")
    ledger.add(Check.CERTIFICATE, "", "", "runs out")
    lines = list(as_text(ledger, "http://r.test"))
    assert lines[0].startswith("FINDINGS  51 in http://r.test: 1 repositories")
    assert f"digest       app@{ONE}: 0 <a>&" in "\n".join(lines)
    assert "digest       and 10 more; --json has them all" in lines
    assert "certificate  registry: runs out" in lines
    assert all(line.isprintable() for line in lines)
    said = json.loads("".join(as_json(ledger, "http://r.test")))
    assert (len(said["findings"]), said["counts"]) == (51, {"digest": 50, "certificate": 1})
    assert said["sizes"] == [{"repository": "app", "tags": 0, "manifests": 0, "bytes": 0}]
    suite = suite_of(ledger)
    assert len(suite) == len(Check) + 1
    assert len(suite.findall("testcase/failure")) == 2
    assert "9 <a>&\"'" in (suite[1][0].text or "")


def test_outputs_of_a_partial_audit_name_what_is_left_out(ledger: Ledger) -> None:
    """At the top of the text and below the findings, in JSON, and as an error in JUnit."""
    for number in range(50):
        ledger.leave_out(f"app{number}: {NASTY}")
    lines = list(as_text(ledger, "u"))
    assert lines[0].startswith("PARTIAL  0 findings so far in u:")
    assert "not looked at: app0: <a>&" in lines[2]
    assert lines[-1] == "not looked at: 10 more; --json has them all"
    said = json.loads("".join(as_json(ledger, "u")))
    assert (said["partial"], len(said["not_looked_at"])) == (True, 50)
    assert [it.get("name") for it in suite_of(ledger) if len(it)] == ["whole"]


def suite_of(ledger: Ledger) -> ET.Element:
    """The JUnit suite, held to the schema that CI servers use."""
    text = "".join(as_junit(ledger, "http://r.test", elapsed_s=1.5))
    schema = Path(__file__).parents[1] / "report" / "junit.xsd"
    xmlschema.XMLSchema(schema).validate(text)
    return ET.fromstring(text)[0]  # noqa: S314  our own


def test_a_clean_audit_says_so(ledger: Ledger) -> None:
    """In one line, and in JSON that can be read."""
    assert next(iter(as_text(ledger, "u"))).startswith("CLEAN  nothing found in u: 0 repo")
    assert json.loads("".join(as_json(ledger, "u")))["findings"] == []
