"""A small TCP proxy between two parts, which can be slow, silent, or cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Forwards what comes to `port` to `target`, a port of the same machine."""

    port: int
    target: int
    #: Seconds that each piece waits before it goes on.
    delay: float = 0.0
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: dict[int, asyncio.StreamWriter] = field(default_factory=dict)

    def cut(self) -> int:
        """End every connection at once, without a word; return how many there were."""
        writers = list(self._writers.values())
        for writer in writers:
            writer.transport.abort()
        return len(writers)

    def stall(self) -> None:
        """Let nothing through, and end nothing."""
        self._flows.clear()

    def flow(self) -> None:
        """Let everything through again."""
        self._flows.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {id(one): one for one in (writer, far_writer)}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except asyncio.CancelledError:
            # The proxy ends. asyncio logs a handler of connections that is cancelled as if something were wrong.
            return
        finally:
            for one in (writer, far_writer):
                self._writers.pop(id(one), None)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                await asyncio.sleep(self.delay)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        # Half a connection is none: the other direction ends with it.
        writer.transport.abort()


@asynccontextmanager
async def proxy_to(target: int) -> AsyncIterator[Proxy]:
    """Run a proxy to a port of this machine, on a free one."""
    proxy = Proxy(port=0, target=target)
    proxy.flow()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.flow()
        proxy.cut()
