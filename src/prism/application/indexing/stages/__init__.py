"""The stages of the pipeline, one file each, listed in ``pipeline.py``."""
