"""What a server says of a release, and reads again of one that it tries."""

from __future__ import annotations

from comporta.records.message import code

CANNOT = code("serve.cannot", "the new release cannot be served.")
