"""What a route answers in place of a result."""


class Refusal(Exception):  # noqa: N818 (not always an error of ours)
    """A status, and what stands in `{"error": ...}`; the exception's own text may tell more."""

    status: int
    error: str
