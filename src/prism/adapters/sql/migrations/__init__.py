"""Migrations of the two lines, run by Alembic (see ``upgrading.py``)."""
