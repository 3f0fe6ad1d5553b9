"""Add, find and remove projects."""
