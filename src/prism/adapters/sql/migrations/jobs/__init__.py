"""Migrations of the jobs line, oldest first."""
