"""What lies over the painted scene and changes from frame to frame: hover, marquee, help lines, ghosts, hints."""
