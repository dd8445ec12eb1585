"""Names of what can go wrong with a request (nodes-logic spec 5.9); the class name is the error type."""

from __future__ import annotations


class HttpProblem(Exception):
    """A request that cannot be made or whose answer cannot be taken."""


class InvalidURLError(HttpProblem):
    """The address is empty or of another kind than http and https."""


class AuthorizationConfigError(HttpProblem):
    """The API key is empty."""


class RequestBodyError(HttpProblem):
    """The body has the wrong number of items, or its JSON cannot be read."""


class FileFetchError(HttpProblem):
    """A file of the body is not there."""


class ResponseSizeError(HttpProblem):
    """The answer is larger than allowed."""
