"""The only doors of the engine for the window, the command line and servers. Everything here may be called from any
thread unless it says that it belongs to an event loop."""
