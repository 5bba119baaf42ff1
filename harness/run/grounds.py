"""A lab and the nodes that pull in it, as the timeline sees them."""

from dataclasses import dataclass

from harness.chance import Chance
from harness.environment.lab import ClusterNodes, Lab, LabSeams
from harness.environment.scope import FaultScope
from harness.plan.plan import PlannedFault


@dataclass(frozen=True)
class LabGrounds:
    """`timeline.Grounds` of a lab."""

    lab: Lab
    nodes: ClusterNodes | None

    def scoped(self, fault: PlannedFault, chance: Chance, deadline_s: float) -> LabSeams:
        scope = FaultScope(fault=fault.id, where=fault.where, chance=chance, deadline_s=deadline_s)
        return self.lab.scoped(fault.fault.seams_needed(), scope, self.nodes)
