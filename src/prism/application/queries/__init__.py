"""The read side: what the command line and embedding services show."""
