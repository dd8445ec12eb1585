"""Between threads and the window: background tasks and the events of runs."""
