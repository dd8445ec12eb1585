"""The window: it shows what the engine's services know and asks them to act."""
