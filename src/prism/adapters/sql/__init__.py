"""SQLite and Postgres by SQLAlchemy Core."""
