"""How people and processes get in."""
