"""Languages: extraction by tree-sitter in isolated processes, and imports to files."""
