"""The rollouts of a plan: which pods of which version are made when."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.chance import Chance
from harness.load.orders import REGISTRY_NAME, PodOrder, RolloutOrder
from harness.oci.images import ImageSpec
from harness.scenario import Scenario
from harness.scenario.extent import round_at_s
from harness.scenario.load_model import Rollout
from harness.scenario.model import platform_of


class Versions:
    """Gives out versions of the scenario's images, and remembers what must be built."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._images = scenario.body.images
        self._seed = seed
        self._given: Counter[str] = Counter()
        self._specs: dict[str, ImageSpec] = {}

    @property
    def specs(self) -> tuple[ImageSpec, ...]:
        return tuple(self._specs.values())

    def spec(self, reference: str) -> ImageSpec:
        return self._specs[reference]

    def new(self, name: str) -> str:
        """The reference of the next version of image `name`."""
        self._given[name] += 1
        return self._reference(name, self._given[name])

    def first(self, name: str) -> str:
        """The reference of version 1."""
        self._given[name] = max(1, self._given[name])
        return self._reference(name, 1)

    def _reference(self, name: str, version: int) -> str:
        image = self._images[name]
        spec = ImageSpec(
            name=name,
            version=version,
            size_bytes=image.size_bytes,
            layers=image.layers,
            media=image.media,
            platforms=tuple(map(platform_of, image.platforms)),
            seed=self._seed,
        )
        reference = f"{REGISTRY_NAME}/{name}:{spec.tag}"
        self._specs.setdefault(reference, spec)
        return reference


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One thing that is done to a Deployment. `pods`: how many it makes."""

    at_s: float
    change: str
    image: str
    pods: int


def planned_rollouts(
    scenario: Scenario, versions: Versions, nodes: tuple[str, ...], seed: int
) -> Iterator[RolloutOrder]:
    """Every round of every Deployment: its versions, rollbacks and scale-ups, numbered by time."""
    for rollout in scenario.body.load.rollouts:
        for number, step in enumerate(_steps(scenario, rollout, versions), start=1):
            name = f"{rollout.name}-{number}"
            first = int(Chance(seed, "place").fraction(name) * len(nodes))
            yield RolloutOrder(
                rollout=name,
                name=rollout.name,
                round=number,
                at_s=step.at_s,
                image=step.image,
                pull_policy=rollout.pull_policy,
                change="scale" if step.change == "scale" else "template",
                max_surge=rollout.rolling.max_surge if rollout.rolling else "",
                max_unavailable=rollout.rolling.max_unavailable if rollout.rolling else "",
                pods=tuple(
                    PodOrder(pod=f"{name}-{index}", node=nodes[(first + index) % len(nodes)])
                    for index in range(step.pods)
                ),
            )


def _steps(scenario: Scenario, rollout: Rollout, versions: Versions) -> list[_Step]:
    """In their order in time. A rollback names the version before the one that is there."""
    load = scenario.body.load
    asked = [("version", round_at_s(rollout, number), 0) for number in range(1, rollout.repeat + 1)]
    asked += [("rollback", it.at_s, 0) for it in load.rollbacks if it.of == rollout.name]
    asked += [("scale", it.at_s, it.by) for it in load.scale_ups if it.of == rollout.name]
    steps: list[_Step] = []
    replicas, images = rollout.replicas, list[str]()
    for change, at_s, more in sorted(asked, key=lambda it: it[1]):
        if change == "scale":
            replicas += more
        elif change == "rollback":
            images.append(next(it for it in reversed(images) if it != images[-1]))
        elif not images or rollout.cache == "cold":
            images.append(versions.new(rollout.image))
        pods = more if change == "scale" else replicas
        steps.append(_Step(at_s=at_s, change=change, image=images[-1], pods=pods))
    return steps
