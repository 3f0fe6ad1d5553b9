"""Enqueue, claim, run, cancel, retry and reap jobs."""
