"""Chaos and load testing for container image registries."""

__version__ = "0.1.0"
