"""The beginning and the end of an application, as ASGI's lifespan protocol tells it of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from comporta.http.replies import Receive, Send

if TYPE_CHECKING:
    from comporta.serve.app import App


async def live_with_server(app: App, receive: Receive, send: Send) -> None:
    """Opens the application when its server begins, and closes it when that ends in order.

    A server that is told twice to end waits for nothing: it cancels this, which is no fault.
    """
    while True:
        try:
            message = await receive()
        except asyncio.CancelledError:
            return
        if message["type"] == "lifespan.startup":
            app.open()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if app.grpc is not None:
                await app.grpc.stop()
            await app.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
