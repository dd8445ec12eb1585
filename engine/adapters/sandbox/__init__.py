"""User code away from this process: warm workers, their limits, and what keeps them in."""
