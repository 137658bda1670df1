"""What a server says of a release."""

from __future__ import annotations

from comporta.records.message import code

CANNOT = code("serve.cannot", "the new release cannot be served.")
