"""Those who get everything that is sent: the members of /room, the viewers of /dashboard."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_WAITING = 1024 * 1024

Message = TypeVar("Message", str, bytes)


@dataclass(frozen=True, slots=True, eq=False)
class Member(Generic[Message]):
    send: Callable[[Message], Awaitable[None]]
    transport: asyncio.Transport


class Audience(Generic[Message]):
    """Sends to one after the other, and waits for nobody.

    uvicorn's `send` waits only while a transport's buffer is over its limit. The limit is raised to
    what may wait for a member, and who gets over it is ended at once: so no `send` ever waits, and
    since nothing else runs between the first and the last of them, the order is the same for all.
    """

    def __init__(self) -> None:
        self._members: set[Member[Message]] = set()

    @contextmanager
    def joined(self, member: Member[Message]) -> Iterator[None]:
        member.transport.set_write_buffer_limits(high=MOST_WAITING)
        self._members.add(member)
        try:
            yield
        finally:
            self._members.discard(member)

    async def tell(self, message: Message) -> int:
        """Send to all, and tell how many they are."""
        members = tuple(self._members)
        for member in members:
            await self._send(member, message)
        return len(members)

    async def _send(self, member: Member[Message], message: Message) -> None:
        try:
            await member.send(message)
        except Exception:  # it has just gone, which each framework says in its own way
            self._members.discard(member)
        if member.transport.get_write_buffer_size() > MOST_WAITING:
            self._members.discard(member)
            member.transport.abort()  # close() would wait until it has read all there is

    def hurry(self, seconds: float) -> None:
        """End, after a while, who is here now and has not read what was sent to it until then."""
        loop = asyncio.get_running_loop()
        for member in self._members:
            loop.call_later(seconds, abort_if_it_waits, member.transport)


def abort_if_it_waits(transport: asyncio.Transport) -> None:
    if transport.get_write_buffer_size():
        transport.abort()
