"""What could not be pulled, from when to when, whatever the plan says."""

from pathlib import Path

import pandas as pd

from harness.analysis.failed_repositories import failing_findings
from harness.report.markdown import markdown
from tests.recordings import RunFolder, analysed


def pulls(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    """`rows`: image, outcome, cause, and when the pull began; each takes 1 s."""
    return pd.DataFrame(
        [
            {
                "image": f"r.test/{image}",
                "outcome": outcome,
                "cause": cause,
                "pod": f"pod-{n}" if n else "",
                "node": f"node-{n % 2}",
                "started_s": at_s,
                "ended_s": at_s + 1,
            }
            for n, (image, outcome, cause, at_s) in enumerate(rows)
        ],
        columns=["image", "outcome", "cause", "pod", "node", "started_s", "ended_s"],
    )


def test_one_repository_fails_and_the_other_does_not() -> None:
    """Its bounds are told by its own successes; those of others say that the registry is there."""
    worst, other = failing_findings(
        pulls(
            ("app:v1", "ok", "", 1),
            ("app:v2", "failed", "server", 10),
            ("tools:v1", "ok", "", 9.5),  # it ended when the registry may still have been well
            ("app:v2", "failed", "server", 12),
            ("app:v3", "failed", "server", 20),
            ("tools:v1", "ok", "", 15),
            ("tools:v1", "unfinished", "", 16),
            ("app:v3", "ok", "", 30),
            ("tools:v1", "failed", "", 40),
        )
    )
    assert (worst.repository, worst.cause, worst.failed) == ("app", "server", 3)
    assert worst.images == ("r.test/app:v2", "r.test/app:v3")
    assert (worst.pods, worst.nodes) == (3, 2)
    assert (worst.first_s, worst.last_s) == (10, 21)
    assert (worst.worked_until_s, worst.works_from_s) == (2, 31)
    assert (worst.ok_meanwhile, worst.others_ok_meanwhile) == (0, 1)
    assert (other.repository, other.cause) == ("tools", "unknown")
    assert (other.worked_until_s, other.works_from_s) == (16, None)


def test_nothing_failed() -> None:
    """Then there is nothing to tell, also when nothing was pulled at all."""
    assert failing_findings(pulls(("app:v1", "ok", "", 1))) == ()
    assert failing_findings(pulls()) == ()


def test_failed_pushes_are_told_apart_and_nodes_are_named(tmp_path: Path) -> None:
    """By repository, as pulls are; a push has no pod and no image."""
    run = RunFolder()
    run.began()
    run.push("1", 10, 11, repository="team/up", outcome="failed", cause="quota")
    run.push("2", 12, 13, repository="other")
    run.pull("a", 10, 11, node="node-3", outcome="failed", cause="server")
    run.ended(60)
    findings = analysed(run, tmp_path).findings
    [pushed] = findings.failing_pushes
    assert (pushed.repository, pushed.cause, pushed.failed, pushed.images) == (
        "team/up",
        "quota",
        1,
        (),
    )
    assert [one.node_names for one in findings.failing] == [("node-3",)]
    text = markdown(findings)
    assert "## Pushes that failed" in text
    assert "1: node-3" in text
