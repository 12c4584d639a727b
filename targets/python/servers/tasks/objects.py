"""The work of /objects: records, a dictionary of groups, a sort and strings in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass

from servers.parameters import WholeNumber
from servers.tasks.sequence import sequence

RECORDS = WholeNumber("n", default=2000, least=1, most=100_000)


@dataclass(slots=True)
class Record:
    id: int
    name: str
    score: int


@dataclass(slots=True)
class Group:
    name: str
    count: int = 0
    total: int = 0


def objects(n: int) -> int:
    """Group n records by name, sort the groups, write them as text, and hash the text."""
    groups: dict[str, Group] = {}
    for record in list(records(n)):
        group = groups.get(record.name)
        if group is None:
            group = groups[record.name] = Group(record.name)
        group.count += 1
        group.total += record.score

    ordered = sorted(groups.values(), key=lambda group: (-group.total, group.name))
    text = ";".join(f"{group.name.upper()}={group.total}/{group.count}" for group in ordered)
    h = 0
    for code in map(ord, text):
        h = (h * 31 + code) % 1_000_003
    return h


def records(n: int) -> Iterator[Record]:
    for i, x in zip(range(n), sequence(), strict=False):
        yield Record(i, f"user-{x % 997}", x % 1009)
