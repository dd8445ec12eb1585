"""What hands do on the canvas, one class per gesture with begin, move, finish and cancel."""
