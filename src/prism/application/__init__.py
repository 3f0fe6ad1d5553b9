"""Use cases: frozen dataclasses whose fields are ports and whose ``__call__`` is the verb."""
