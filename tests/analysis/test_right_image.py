"""Pods that run another image than was built: seen, judged and said, although nothing failed."""

from pathlib import Path
from typing import Any

from harness.analysis import Analysis
from harness.recording.events import RoomOpened
from harness.report.markdown import markdown
from harness.report.text import findings_text
from tests.recordings import NAN, RunFolder, analysed

V1, V2 = (f"registry.harness.test/app:v{number}" for number in (1, 2))
DIGESTS = {V1: "sha256:one", V2: "sha256:two"}
RIGHT = {"metric": "pods_right_image", "at_least": 1.0}


def rolled_out(folder: Path, *runs: str, **details: Any) -> Analysis:
    """Pods of v2 that run `runs`, and one that never became Ready."""
    run = RunFolder()
    run.began()
    details = {"digests": DIGESTS, **details}
    run.events.append(RoomOpened(at_s=0, room="images", took_s=0.1, details=details))
    run.expect = [RIGHT]
    for number, digest in enumerate(runs):
        run.pod(f"app-{number}", 1, 2, image=V2, image_digest=digest)
    run.pod("old", 1, 2, image=V1, image_digest="sha256:one")
    run.pod("stuck", 1, NAN, image=V2, ended_s=20)
    run.ended(20)
    return analysed(run, folder)


def test_a_moved_tag_is_seen(tmp_path: Path) -> None:
    """Three of four Ready pods run what they should; the other runs the version before."""
    found = rolled_out(tmp_path, "sha256:two", "sha256:two", "sha256:one").findings
    assert (found.right_image.pods, found.right_image.wrong) == (4, 1)
    [wrong] = found.right_image.images
    assert (wrong.image, wrong.is_image, wrong.pods, wrong.nodes) == (V2, V1, 1, 1)
    [judged] = found.expectations
    assert (judged.verdict, judged.value, judged.samples) == ("fail", 0.75, 4)
    said = "1 of 4 Ready pods run another image than the one that was built: 1 of app:v2 run app:v1"
    assert said in findings_text(found)
    assert said in markdown(found)


def test_an_image_may_be_named_by_its_manifest_or_config(tmp_path: Path) -> None:
    """The index was built; a node names the image by one of its parts."""
    parts = {V2: ["sha256:manifest", "sha256:config"]}
    runs = ("sha256:two", "sha256:manifest", "sha256:config")
    found = rolled_out(tmp_path, *runs, parts=parts).findings
    assert (found.right_image.wrong, found.expectations[0].verdict) == (0, "pass")
    assert "another image" not in findings_text(found)


def test_what_is_not_known_is_not_judged(tmp_path: Path) -> None:
    """A recording of an older version has no digests."""
    run = RunFolder()
    run.began()
    run.expect = [RIGHT]
    run.pod("app-1", 1, 2)
    run.ended(20)
    found = analysed(run, tmp_path).findings
    assert found.right_image.pods == 0
    assert found.expectations[0].verdict == "inconclusive"
