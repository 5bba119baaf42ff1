"""Plans of one scenario with a fault to put in: rollouts of four nodes, pushes, TLS."""

from harness.plan.plan import Plan, build_plan
from harness.scenario import load_text

TEXT = """\
name: x
environment: {registry: {tls: true}, cluster: {nodes: 4}}
images: {app: {size: 8MiB, layers: 4}}
load:
  rollouts: [{name: app, image: app, replicas: 8, at: 1s, repeat: 3, every: 10s}]
  pushes: [{size: 1MiB, rate: 1/s, for: 5s}]
faults: [{FAULT, at: 10s, for: 4s}]
expect: [{metric: pods_ready, at_least: 99%}]
"""


def plan_of(fault: str, text: str = TEXT) -> Plan:
    return build_plan(load_text("f", text.replace("FAULT", fault)))
