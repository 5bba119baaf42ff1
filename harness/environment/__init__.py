"""Starts and stops what a scenario stands on: services opened in order and closed in reverse."""
