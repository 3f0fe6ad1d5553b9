"""Ports: what the use cases need of the world, one file per consistency boundary."""
