"""Add, list and remove credentials."""
