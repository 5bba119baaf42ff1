"""The commented scenario that `harness new` writes."""

import os
from pathlib import Path

_SCHEMA = Path(__file__).parents[1] / "scenario.schema.json"
_TEXT = """\
# `harness check` explains mistakes, `harness plan` shows what would happen, `harness faults` lists
# what can go wrong. Durations, sizes, rates and shares carry their unit.
name: {name}
summary: {summary}
seed: 1
environment:
  cluster: {{provider: emulated, nodes: 4}}{more}
images:
  app: {{size: 8MiB, layers: 4}}
load:
  rollouts:
    # a Deployment: 8 pods every 5 s, each round a new version that no node has
    - {{name: app, image: app, replicas: 8, at: 0s, repeat: 4, every: 5s}}
  pulls:
    # background clients that pull at a fixed rate, however long each pull takes
    - {{image: app, rate: 2/s}}
faults:
  - {fault}
    at: 4s
    for: 8s
expect:
  - {{metric: deployment_delay, quantile: 0.9, phase: during, at_most: 60s}}
  - {{metric: recovery_time, at_most: 60s}}
  - {{metric: pods_ready, at_least: 100%}}
"""
_TLS = "\n  registry: {tls: true}"


def starter(
    name: str,
    *,
    summary: str = "What breaks, and when, in one sentence.",
    fault: str = "connection_refused:",
    tls: bool = False,
) -> str:
    """A scenario called `name` that runs as it is. `summary` and `fault` are YAML."""
    return _TEXT.format(name=name, summary=summary, fault=fault, more=_TLS if tls else "")


def editor_line(folder: Path, root: Path) -> str:
    """The first line of a scenario in `folder`: where editors find the schema.

    Relative when the harness is installed below `root`, as a checkout or its .venv is, so that
    the file can be shared; else absolute.
    """
    near = _SCHEMA.is_relative_to(root.resolve())
    schema = os.path.relpath(_SCHEMA, folder.resolve()) if near else str(_SCHEMA)
    return f"# yaml-language-server: $schema={schema}\n"
