"""Whole numbers as the contract wants them, from the environment and from query strings."""

import sys
from dataclasses import dataclass


class BadNumberError(ValueError):
    """The text is no whole number, or is out of range."""

    def __init__(self, name: str) -> None:
        super().__init__(f"bad {name}")


def digits_only(text: str) -> str:
    """Refuse what int() alone would let through: "+5", " 5 ", "1_000", digits of other scripts."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("not a whole number")
    return text


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A named value from `least` to `most`, `default` where it is not given."""

    name: str
    default: int
    least: int
    most: int = sys.maxsize

    def read(self, text: str | None) -> int:
        if text is None:
            return self.default
        try:
            value = int(digits_only(text))  # int() refuses thousands of digits by itself
        except ValueError:
            raise BadNumberError(self.name) from None
        if not self.least <= value <= self.most:
            raise BadNumberError(self.name)
        return value
