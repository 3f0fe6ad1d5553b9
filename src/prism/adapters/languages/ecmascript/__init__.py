"""JavaScript, TypeScript and TSX: rules of extraction, and imports to files."""
