"""The tables of node types, one file a family: data and small functions only, so that the editor starts fast."""
