"""Tokens at rest: AES-256-GCM, bound to the row they belong to."""
