"""What a database must do for a ledger to lie in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from comporta.errors import ComportaError


class Database(Protocol):
    """What differs between databases. `engine` is in autocommit: transactions begin and end by statement."""

    engine: Engine
    url: str

    def clock_offset(self, connection: Connection) -> timedelta:
        """What the database's clock shows beyond this machine's: several machines tell time by it."""

    def write_transaction(self, connection: Connection) -> Any:
        """A context manager: a write transaction that no other writer overlaps, committed at its end and
        rolled back when its body raises. Raises Busy when the others do not let go in time."""

    def read_transaction(self, connection: Connection) -> Any:
        """A context manager: a read transaction in which everything is of one moment."""

    def user_error(self, error: DBAPIError) -> ComportaError | None:
        """The error as a user should see it, or None where it is a fault of ours."""

    def is_connection_lost(self, error: DBAPIError) -> bool:
        """Whether the connection broke, so that it is not known how the transaction ended."""

    def erasing_body(self, connection: Connection) -> Any:
        """A context manager around a transaction that removes a body: its bytes leave the database's files
        too, as far as this database can do that."""
