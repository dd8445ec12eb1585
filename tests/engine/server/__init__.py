"""Requests that come from outside."""
