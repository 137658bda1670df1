"""The prediction log of a project: what servers said and what came true, as datasets like any other."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from comporta.data import (
    find_prediction,
    log_rows,
    scan_feedback,
    scan_observations,
    seal,
    seal_feedback,
)
from comporta.errors import ComportaError
from comporta.loop.follow import follow_one
from comporta.loop.house import House
from comporta.records import Feedback, Observation
from comporta.serve import Line

if TYPE_CHECKING:
    import polars as pl

PREDICTIONS, FEEDBACK = "predictions", "feedback"
SEAL_SECONDS = 300.0


def prediction(house: House, id: str) -> Observation | None:
    """What was answered under this id, sealed or not."""
    return find_prediction(house.store, house.keys, PREDICTIONS, id)


def predictions(house: House, model: str) -> pl.LazyFrame:
    """Every prediction of a model, sealed and open."""
    import polars as pl

    return scan_observations(house.store, house.keys, PREDICTIONS).filter(pl.col("model") == model)


def feedback(house: House) -> pl.LazyFrame:
    """Every label that was told, known ids and unknown."""
    return scan_feedback(house.store, house.keys, FEEDBACK)


def seal_all(house: House) -> None:
    """Versions of what is open in the log, and facts of them."""
    with tempfile.TemporaryDirectory(prefix="comporta-seal-") as folder:
        scratch, now = Path(folder), house.clock()
        seal(house.store, house.keys, PREDICTIONS, now=now, scratch=scratch)
        seal_feedback(house.store, house.keys, FEEDBACK, predictions=PREDICTIONS, now=now, scratch=scratch)
    follow_one(house, PREDICTIONS)
    follow_one(house, FEEDBACK)


class Log:
    """Where one server process writes. Open rows become a version every five minutes and at the end."""

    def __init__(self, house: House, *, every: float = SEAL_SECONDS) -> None:
        self._house, self._every = house, every
        self._process = f"{os.getpid():08d}-{secrets.token_hex(6)}"
        self._flushes = self._told = 0
        self._ending = threading.Event()
        self._sealer = threading.Thread(target=self._seal, name="comporta-seal", daemon=True)

    def write(self, observations: Sequence[Line]) -> None:
        """Durable when it returns. Raises StorageFull, OSError."""
        log_rows(self._house.store, PREDICTIONS, self._process, self._flushes, observations)
        self._flushes += 1

    def feedback(self, told: Sequence[Feedback]) -> None:
        """Durable when it returns. Raises StorageFull, OSError."""
        log_rows(self._house.store, FEEDBACK, self._process, self._told, told)
        self._told += 1

    def __enter__(self) -> Log:
        self._sealer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._sealer.join()
        seal_all(self._house)

    def _seal(self) -> None:
        while not self._ending.wait(self._every):
            try:
                seal_all(self._house)
            except (ComportaError, OSError):
                continue  # open rows stay open, readable and safe; the next turn tries again
