"""Git by GitPython: clones of remote repositories and local ones, read by objects only."""
