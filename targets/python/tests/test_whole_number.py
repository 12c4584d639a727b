import pytest

from servers.whole_number import BadNumberError, WholeNumber

PARTS = WholeNumber("parts", default=3, least=0, most=12)


@pytest.mark.parametrize(("text", "value"), [(None, 3), ("0", 0), ("7", 7), ("012", 12)])
def test_reads(text: str | None, value: int) -> None:
    assert PARTS.read(text) == value


@pytest.mark.parametrize("text", ["", "13", "-1", "+1", " 1", "1\n", "1_0", "1.0", "٣", "9" * 5000])
def test_refuses(text: str) -> None:
    with pytest.raises(BadNumberError, match=r"^bad parts$"):
        PARTS.read(text)
