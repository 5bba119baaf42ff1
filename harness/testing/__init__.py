"""For test suites: scenario files as tests, and a registry that misbehaves as a fixture."""

from harness.testing.lab import FaultOn, LabImage, RegistryLab

__all__ = ["FaultOn", "LabImage", "RegistryLab"]
