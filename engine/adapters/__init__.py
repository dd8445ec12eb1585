"""The real things behind the ports. Imported by `engine.services.context` only, each at first use."""
