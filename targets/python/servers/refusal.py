"""The response of a route that gives no result."""


class Refusal(Exception):  # noqa: N818 (not always an error of the server)
    """A status and the text of `{"error": ...}`. The exception's own text may add details."""

    status: int
    error: str
