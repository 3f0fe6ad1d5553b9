"""Index a project: a checkout, a pipeline of stages, an unpublished run."""
