"""The engine as a process of its own: commands in, events out, framed JSON on two pipes (architecture, section 3)."""
