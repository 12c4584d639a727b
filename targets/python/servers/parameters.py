"""Parameters in the form of the contract, from the environment and from query strings."""

import sys
from dataclasses import dataclass

from servers.refusal import Refusal


class BadParameterError(Refusal):
    """The text is not a whole number in range, or not one of the allowed words."""

    status = 400

    def __init__(self, name: str) -> None:
        self.error = f"bad {name}"
        super().__init__(self.error)


def digits_only(text: str) -> str:
    """Refuse texts that int() would accept: "+5", " 5 ", "1_000", digits of other scripts."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("not a whole number")
    return text


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A named value from `least` to `most`. It is `default` if it is not given."""

    name: str
    default: int
    least: int
    most: int = sys.maxsize

    def read(self, text: str | None) -> int:
        if text is None:
            return self.default
        try:
            value = int(digits_only(text))  # int() itself refuses a text of thousands of digits
        except ValueError:
            raise BadParameterError(self.name) from None
        return self.check(value)

    def check(self, value: int) -> int:
        if not self.least <= value <= self.most:
            raise BadParameterError(self.name)
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """A named word without a default."""

    name: str
    words: tuple[str, ...]

    def read(self, text: str | None) -> str:
        if text not in self.words:
            raise BadParameterError(self.name)
        return text
