"""Python: what its syntax nodes mean, and where its imports lead."""
