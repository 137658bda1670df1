"""How an application begins and ends with its server, as uvicorn tells it."""

import asyncio
import logging

import pytest
from uvicorn.lifespan.on import LifespanOn

from comporta.serve import App
from comporta.serve.server import uvicorn_config
from comporta.testing.serving import MemorySink, MemorySource


def test_a_server_told_twice_to_end_says_nothing_of_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def turn() -> LifespanOn:
        app = App(
            MemorySource(lambda model, number: None, {}), MemorySink(), key=b"r" * 32, say=lambda line: None
        )  # type: ignore[arg-type,return-value]
        lifespan, before = LifespanOn(uvicorn_config(app, 1.0)), asyncio.all_tasks()
        await lifespan.startup()
        # As the end of the event loop does where the server waited for nothing.
        (living,) = [each for each in asyncio.all_tasks() - before if each.get_coro().__name__ == "main"]  # type: ignore[union-attr]
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await app.close()
        return lifespan

    with caplog.at_level(logging.ERROR):
        lifespan = asyncio.run(turn())
    assert not lifespan.error_occurred
    assert not caplog.records
