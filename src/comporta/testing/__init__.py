"""For tests, yours as well as ours: what every implementation must do, and fakes. Needs pytest."""

from comporta.testing.clock import Clock
from comporta.testing.stores import StoreContract

__all__ = ["Clock", "StoreContract"]
