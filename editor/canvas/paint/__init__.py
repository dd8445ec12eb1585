"""Painters of the canvas: functions that draw scene things with a QPainter. They read the scene and change nothing
but caches."""
