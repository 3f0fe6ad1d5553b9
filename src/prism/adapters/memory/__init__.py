"""Everything in memory: shipped for embedding and tests, with the same contracts."""
