"""Where jobs run, and their scratch directories."""
