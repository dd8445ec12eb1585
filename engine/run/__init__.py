"""Runs of a workflow: commands in, events out."""
