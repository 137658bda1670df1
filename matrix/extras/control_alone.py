"""`comporta[control]`, and nothing else: the control process describes its routes, and lets nobody in without
a token."""

import asyncio
import sys
import tempfile
from pathlib import Path

import httpx

from comporta.cli import main
from comporta.control.app import control_app
from comporta.control.door import ControlDoor

folder = Path(tempfile.mkdtemp()) / "first"
if main(["init", str(folder)]) != 0:
    sys.exit("found no new project")
door = ControlDoor(folder / "project.py")
app = control_app(door, seen=folder / "seen.json")


async def ask(path: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return (await client.get(path)).status_code


found = [
    asyncio.run(ask(path)) for path in ("/live", "/ready", "/models", "/openapi/openapi.json", "/nothing")
]
door.close()
if found != [200, 200, 401, 401, 404]:
    sys.exit(f"found {found}, expected 200, 200, 401, 401, 404")
