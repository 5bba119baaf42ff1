"""Checks a registry without changing it: what it holds, and whether that is what it says."""
