"""Connections that get every message: the members of /room and the viewers of /dashboard."""

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
    """Sends to one member after the other, and never waits for a member.

    uvicorn's `send` waits only while a transport's buffer is over its limit. `joined` raises this
    limit to the most that may wait for a member. A member above the limit is aborted at once, so no
    `send` ever waits. Nothing else runs between the first and the last `send` of a message, so all
    members get the same order.
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

    async def send_to_all(self, message: Message) -> int:
        """Send a message to all members, and return their number."""
        members = tuple(self._members)
        for member in members:
            await self._send(member, message)
        return len(members)

    async def _send(self, member: Member[Message], message: Message) -> None:
        try:
            await member.send(message)
        except Exception:  # it has just left; each framework raises its own exception
            self._members.discard(member)
        if member.transport.get_write_buffer_size() > MOST_WAITING:
            self._members.discard(member)
            member.transport.abort()  # close() would wait until the client has read everything

    def hurry(self, seconds: float) -> None:
        """Abort each present member that still has unread data after this time."""
        loop = asyncio.get_running_loop()
        for member in self._members:
            loop.call_later(seconds, abort_if_it_waits, member.transport)


def abort_if_it_waits(transport: asyncio.Transport) -> None:
    if transport.get_write_buffer_size():
        transport.abort()
