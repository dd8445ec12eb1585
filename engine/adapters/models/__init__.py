"""Doors to language models: protocols of providers, the embedded model, and the registry that joins them.

What a model is asked belongs to the nodes; what a workspace has set up belongs to `engine.services.models`.
"""
