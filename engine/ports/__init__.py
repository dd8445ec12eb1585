"""The outside, as protocols only: models, HTTP, code, files, documents, secrets, tools, knowledge.

Real adapters live in `engine.adapters` and are wired by `engine.services.context` alone.
"""
