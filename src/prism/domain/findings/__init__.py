"""Findings: one rule a file, listed in ``rules.py``."""
