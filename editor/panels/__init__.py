"""The panels around the canvas. Each shows one thing of a session and asks the session for changes."""
