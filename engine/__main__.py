"""`python -m engine`: everything that runs without a window."""

from engine.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
