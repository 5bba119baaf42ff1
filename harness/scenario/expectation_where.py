"""Whether the image or rollout that an expectation names exists and has samples to judge."""

from collections.abc import Collection, Iterator

from harness.scenario.complaints import Path, did_you_mean, got
from harness.scenario.load_model import Load
from harness.scenario.model import ExpectationWhere


def where_has_samples(
    load: Load, images: Collection[str], where: ExpectationWhere, of: str, at: Path
) -> Iterator[tuple[Path, str]]:
    """Complaints about `where` of the expectation at `at`, whose samples are `of` pods or pulls."""
    at = (*at, "where")
    rollouts = {rollout.name: rollout.image for rollout in load.rollouts}
    if where.rollout is not None and where.rollout not in rollouts:
        hint = did_you_mean(where.rollout, rollouts)
        rule = f"must be the name of a rollout{hint}, got {got(where.rollout)}"
        yield (*at, "rollout"), rule
    if where.image is None:
        return
    if where.image not in images:
        hint = did_you_mean(where.image, images)
        yield (*at, "image"), f"must be one of images{hint}, got {got(where.image)}"
        return
    alone = [] if of == "pods" else [stream.image for stream in load.pulls]
    if where.rollout in rollouts and rollouts[where.rollout] != where.image:
        rule = f"must be the image of rollout {where.rollout}, {rollouts[where.rollout]}"
        yield (*at, "image"), f"{rule}, got {got(where.image)}"
    elif where.rollout is None and where.image not in {*rollouts.values(), *alone}:
        yield (*at, "image"), f"has no {of} in this load, got {got(where.image)}"
