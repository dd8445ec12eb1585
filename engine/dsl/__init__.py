"""DSL files: reading every version, with problems that have a place, and writing the same bytes every time."""
