"""The work of /json: ten items, built again for each request."""

from typing import TypedDict


class Item(TypedDict):
    id: int
    name: str
    sku: str
    cents: int
    tags: list[str]
    available: bool


def items() -> list[Item]:
    return [
        {
            "id": i,
            "name": f"Item {i}",
            "sku": f"SKU-{i:05}",
            "cents": 1000 + 99 * i,
            "tags": ["a", "b"],
            "available": i % 2 == 1,
        }
        for i in range(1, 11)
    ]
