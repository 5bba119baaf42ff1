"""The environment of `harness up` for a test: addresses, credentials, images, and faults."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from harness.cli.settings import cache_folder, environment, toxiproxy_path
from harness.environment.go_program import SetupFailed
from harness.environment.lab import EnvironmentFailed
from harness.environment.upstream.access import (
    AccessRefused,
    UpstreamSettings,
    upstream_settings,
)
from harness.plan.plan import Plan, build_plan
from harness.run.environment import lab_settings
from harness.run.up import (
    DEFAULT_SCENARIO,
    Standing,
    UpOptions,
    description,
    held_fault,
    standing,
)
from harness.scenario import load, load_text
from harness.testing.loop_thread import LoopBeside, loop_beside


@dataclass(frozen=True, kw_only=True)
class LabImage:
    """An image that the registry holds. `total_bytes` is that of its blobs."""

    digest: str
    total_bytes: int


@dataclass(frozen=True)
class FaultOn:
    """A fault that is on now."""

    _bites: Callable[[], int | None] = field(repr=False)

    def bites(self) -> int | None:
        """The requests, queries or connections it has changed; None when nobody counts them.

        A real Toxiproxy does not count. A test whose fault bit nothing proves nothing.
        """
        return self._bites()


@dataclass(frozen=True, kw_only=True)
class RegistryLab:
    """A registry behind link, gateway and resolver, as `harness up --json` tells it.

    `url` leads through the link, `direct_url` past it. `images` are by `name:tag`. `username` and
    `password` are empty when the registry asks for none. `ca_file` is what a client of `url` must
    trust; None without TLS.
    """

    url: str
    direct_url: str
    username: str
    password: str = field(repr=False)
    images: Mapping[str, LabImage]
    resolver_address: str
    link_kind: str
    link_control_url: str | None
    run_folder: Path
    ca_file: Path | None
    _up: Standing = field(repr=False)
    _beside: LoopBeside = field(repr=False)
    _steps: Iterator[int] = field(repr=False, default_factory=lambda: count(1))

    @property
    def host(self) -> str:
        """`url` as an image reference begins: host and port."""
        return urlsplit(self.url).netloc

    @contextmanager
    def fault(self, text: str) -> Iterator[FaultOn]:
        """Hold a fault on inside the block, as `fault("latency: {delay: 200ms}")`.

        `text` is written as in a scenario, with `where` if wanted. Raises ScenarioError for
        one that is none, and ValueError for one that this environment cannot carry.
        """
        link = self._up.lab.link
        held = held_fault(text, self._up.plan, "none" if link is None else link.kind)
        step = f"{held.word}-{next(self._steps)}"
        with self._beside.entered(self._up.holding(held, step)) as scoped:
            yield FaultOn(lambda: self._beside.call(scoped.bites()).count)


@contextmanager
def open_registry_lab(scenario: Path | None, reports: Path) -> Iterator[RegistryLab]:
    """Stand the environment of `scenario`, or a default one, up until the block is left.

    Raises ScenarioError for a wrong file and EnvironmentFailed when it cannot be set up.
    """
    plan = _plan(scenario)
    settings = lab_settings(
        plan,
        link=plan.link,
        toxiproxy_path=toxiproxy_path(),
        cache_folder=cache_folder(),
        upstream=_upstream(plan),
        open_link_control=True,
    )
    options = UpOptions(plan=plan, reports=reports)
    with loop_beside() as beside, beside.entered(standing(settings, options)) as up:
        yield _described(up, beside)


def _upstream(plan: Plan) -> UpstreamSettings | None:
    """What stands behind the gateway; nobody can allow an external registry here."""
    try:
        return upstream_settings(
            plan.registry, allowed=(), environment=environment(), cache_folder=cache_folder()
        )
    except (AccessRefused, SetupFailed) as error:
        raise EnvironmentFailed(str(error)) from error


def _plan(scenario: Path | None) -> Plan:
    return build_plan(load_text("up", DEFAULT_SCENARIO) if scenario is None else load(scenario))


def _described(up: Standing, beside: LoopBeside) -> RegistryLab:
    shown = description(up.cluster, up.folder)
    credentials = shown["credentials"] or {"username": "", "password": ""}
    return RegistryLab(
        url=shown["registry"]["url"],
        direct_url=shown["registry"]["direct_url"],
        username=credentials["username"],
        password=credentials["password"],
        images={
            name: LabImage(digest=image["digest"], total_bytes=image["bytes"])
            for name, image in shown["images"].items()
        },
        resolver_address=shown["resolver"]["address"],
        link_kind=shown["link"]["kind"],
        link_control_url=shown["link"]["control_url"],
        run_folder=up.folder,
        ca_file=Path(ca_file) if (ca_file := shown["registry"]["ca_file"]) else None,
        _up=up,
        _beside=beside,
    )
