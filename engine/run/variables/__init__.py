"""Values of a run: segments, the pool, templates, file objects, truncation. No scheduling here."""
