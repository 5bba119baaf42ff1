"""Starts and stops what a scenario stands on: rooms opened in order and closed in reverse."""
