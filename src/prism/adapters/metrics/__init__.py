"""Metrics of a worker in the Prometheus text format, as a page or as a file."""
