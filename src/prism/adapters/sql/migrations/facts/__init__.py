"""Migrations of the facts line, oldest first."""
