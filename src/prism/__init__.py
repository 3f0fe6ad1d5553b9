"""Prism: a git repository goes in; an index and a redesign plan that can be checked come out."""

__version__ = "0.1.0"
