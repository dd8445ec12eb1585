"""The canvas: one painted view over the graph, its gestures, overlays and accessibility.

What a workflow may do (which edges are allowed, how ids change on paste) lives in `engine.model`, not here.
"""
