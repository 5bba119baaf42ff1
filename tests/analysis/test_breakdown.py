"""Delay, recovery and pulls by image and by rollout, in tables and in expectations."""

from pathlib import Path
from typing import Any

import pytest

from harness.analysis.figures import FigureName, figures
from harness.analysis.findings import ExpectationFinding, Findings
from tests.recordings import RunFolder, analysed

APP, WEB = "registry.harness.test/app:v{}", "registry.harness.test:5000/team/web:v{}"


def two_images() -> RunFolder:
    """A fault of 20 s to 30 s: `app` recovers after 2 s, `team/web` after 12 s.

    Rollouts `app` and `app-2` have one image, `web` the other; clients pull `app` alone.
    """
    run = RunFolder()
    run.began()
    run.fault("latency-1", 20, 30)
    kinds = (("app", APP, 12.0), ("app-2", APP, 12.0), ("web", WEB, 22.0))
    for name, image, delay_s in kinds:
        for round_, (created_s, took_s) in enumerate(((5.0, 1.0), (20.0, delay_s)), start=1):
            for number in range(4):
                pod = f"{name}-{round_}-{number}"
                about = {"image": image.format(round_), "rollout": f"{name}-{round_}"}
                run.pod(pod, created_s, took_s, round=round_, **about)
                failed = {"outcome": "failed", "cause": "server"} if name == "web" else {}
                mine = {"pod": pod, "image": about["image"]} | failed
                run.pull(pod, created_s, created_s + took_s / 2, **mine)
    for number in range(6):
        run.pull(f"c{number}", 40 + number, 43 + number, node="clients", image=APP.format(1))
    run.ended(60)
    return run


def found(run: RunFolder, folder: Path) -> Findings:
    return analysed(run, folder).findings


def test_each_image_and_each_rollout_has_a_row_for_each_phase(tmp_path: Path) -> None:
    """Versions and rounds are taken together; pulls of clients belong to an image alone."""
    rows = {(it.group, it.name, it.phase): it for it in found(two_images(), tmp_path).breakdown}
    counts = {key: (it.pods, it.pulls, it.pulls_failed) for key, it in rows.items() if not key[2]}
    assert counts == {
        ("image", "app", ""): (16, 22, 0),
        ("image", "team/web", ""): (8, 8, 8),
        ("rollout", "app", ""): (8, 8, 0),
        ("rollout", "app-2", ""): (8, 8, 0),
        ("rollout", "web", ""): (8, 8, 8),
    }
    assert rows["image", "team/web", "during"].p95.value_s == 22.0
    assert rows["image", "app", "before"].p95.value_s == 1.0
    assert rows["image", "app", "after"].pull_p50.value_s == 3.0
    assert ("rollout", "web", "after") not in rows


def test_each_image_and_each_rollout_has_its_recovery(tmp_path: Path) -> None:
    heals = {
        (it.group, it.name): (it.pods_waiting, it.recovery_wait_s)
        for it in found(two_images(), tmp_path).recovery_breakdown
    }
    assert heals == {
        ("image", "app"): (8, 2.0),
        ("image", "team/web"): (4, 12.0),
        ("rollout", "app"): (4, 2.0),
        ("rollout", "app-2"): (4, 2.0),
        ("rollout", "web"): (4, 12.0),
    }


def test_of_one_image_and_one_rollout_there_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    run = RunFolder()
    run.began()
    for number in range(4):
        run.pod(f"app-{number}", 1, 2, rollout=f"app-{1 + number % 2}", image=APP.format(number))
        run.pull(f"p{number}", 1, 2, image=APP.format(number))
    run.ended(60)
    assert found(run, tmp_path).breakdown == ()


@pytest.mark.parametrize(
    ("expectation", "text", "told"),
    [
        (
            {"metric": "deployment_delay", "quantile": 0.5, "phase": "during", "image": "app"},
            "deployment_delay p50 of image app during at most 5 s",
            (12.0, 8, "fail"),
        ),
        (
            {"metric": "deployment_delay", "phase": "before", "rollout": "app-2"},
            "deployment_delay of rollout app-2 before at most 5 s",
            (1.0, 4, "pass"),
        ),
        (
            {"metric": "recovery_time", "image": "app"},
            "recovery_time of image app at most 5 s",
            (2.0, 1, "pass"),
        ),
        (
            {"metric": "recovery_time", "fault": "latency", "rollout": "web"},
            "recovery_time of rollout web of latency at most 5 s",
            (12.0, 1, "fail"),
        ),
        (
            {"metric": "pull_duration", "image": "app", "rollout": "app"},
            "pull_duration of image app of rollout app at most 5 s",
            (6.0, 8, "fail"),
        ),
        (
            {"metric": "first_success_time", "image": "app"},
            "first_success_time of image app at most 5 s",
            (13.0, 1, "fail"),
        ),
    ],
)  # fmt: skip
def test_an_expectation_counts_only_what_its_where_names(
    tmp_path: Path, expectation: dict[str, Any], text: str, told: tuple[float, int, str]
) -> None:
    """Samples of another image, or of a rollout whose name begins alike, are not there."""
    judged = expected(expectation | {"at_most": 5.0}, tmp_path)
    assert judged.text == text
    assert (judged.value, judged.samples, judged.verdict) == told


def expected(expectation: dict[str, Any], folder: Path) -> ExpectationFinding:
    run = two_images()
    run.expect = [expectation]
    return found(run, folder).expectations[0]


def test_a_share_counts_only_what_its_where_names(tmp_path: Path) -> None:
    judged = expected({"metric": "pull_error_rate", "at_most": 0.5, "image": "team/web"}, tmp_path)
    assert (judged.value, judged.samples, judged.image) == (1.0, 8, "team/web")


def test_figures_name_the_image_or_the_rollout_and_their_keys_can_be_read(tmp_path: Path) -> None:
    """Rollouts only where they are not the same pods as an image's."""
    run = two_images()
    named = figures(found(run, tmp_path).as_json())
    assert named[FigureName.of("recovery_time/image team/web/")].value == 12.0
    assert named[FigureName.of("deployment_delay/rollout app-2/p50")].value == 1.0
    assert named[FigureName.of("pull_error_rate/image team/web/")].value == 1.0
    assert {FigureName.of(name.key) for name in named} == set(named)
    for pod in run.tables["pods"]:
        pod["rollout"] = pod["rollout"].replace("app-2-", "app-")
    alike = figures(found(run, tmp_path / "alike").as_json())
    assert {name.part.split()[0] for name in alike if " " in name.part} == {
        "image",
        "during",
        "after",
    }
