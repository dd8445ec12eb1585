"""Whole workflows written by a model from a person's words (editor-ux spec, C35): the plan that is asked for, how it
becomes a graph, what was wrong with it. What a single field holds is written by `engine.services.drafting`."""
