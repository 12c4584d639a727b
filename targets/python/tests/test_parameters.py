import pytest

from servers.parameters import BadParameterError, Choice, WholeNumber

PARTS = WholeNumber("parts", default=3, least=0, most=12)


@pytest.mark.parametrize(("text", "value"), [(None, 3), ("0", 0), ("7", 7), ("012", 12)])
def test_reads(text: str | None, value: int) -> None:
    assert PARTS.read(text) == value


@pytest.mark.parametrize("text", ["", "13", "-1", "+1", " 1", "1\n", "1_0", "1.0", "٣", "9" * 5000])
def test_refuses(text: str) -> None:
    with pytest.raises(BadParameterError, match=r"^bad parts$"):
        PARTS.read(text)


COLOR = Choice("color", ("red", "green"))


def test_chooses() -> None:
    assert COLOR.read("green") == "green"


@pytest.mark.parametrize("text", [None, "", "Green", "blue"])
def test_refuses_other_words(text: str | None) -> None:
    with pytest.raises(BadParameterError, match=r"^bad color$"):
        COLOR.read(text)
