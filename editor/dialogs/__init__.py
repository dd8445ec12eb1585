"""Dialogs: publishing, exporting, settings, models."""
