"""Node types: one file per type (config model and behaviour), their descriptions, and the registry that finds them."""
