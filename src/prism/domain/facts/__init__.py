"""What an index knows: facts of one file's bytes, and facts of a run over a whole tree."""
