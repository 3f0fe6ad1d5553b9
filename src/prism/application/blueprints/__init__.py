"""Generate and verify blueprints."""
