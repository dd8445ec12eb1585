"""What other programs ask of a workflow over HTTP. How a run works is not known here."""
