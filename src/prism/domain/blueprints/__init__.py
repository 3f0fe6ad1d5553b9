"""Blueprints: a staged redesign in which every sentence cites facts of one run."""
