"""The engine: what a workflow is, how it runs and where it is kept. Plain Python, no Qt, no `editor`."""
