"""Registries that are not ours, behind our gateway: who may be asked, started, filled, emptied."""
