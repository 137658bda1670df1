"""Every ledger, through the suites that are shipped for ledgers made elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from comporta.ledger import Ledger, MemoryLedger, open_ledger
from comporta.records import Projection
from comporta.testing import Clock, DurableLedgerContract, LedgerContract
from comporta.testing.ledgers import BALANCES, KEY, TEST_FACTS, Opens

_schemas = count(1)


def opener(url: str, root: Path, clock: Clock, stack: ExitStack) -> Opens:
    def opens(readings: Sequence[Projection[Any]] = (BALANCES,), **options: Any) -> Ledger:
        options = {"key": KEY, "clock": clock, "facts": TEST_FACTS} | options
        ledger = open_ledger(url, readings, root=root, **options)
        stack.callback(ledger.close)
        return ledger

    return opens


class TestMemoryLedger(LedgerContract):
    @pytest.fixture
    def opens(self, clock: Clock) -> Opens:
        def opens(readings: Sequence[Projection[Any]] = (BALANCES,), **options: Any) -> Ledger:
            return MemoryLedger(readings, **({"key": KEY, "clock": clock, "facts": TEST_FACTS} | options))

        return opens


class TestSqliteLedger(DurableLedgerContract):
    @pytest.fixture
    def opens(self, clock: Clock, tmp_path: Path) -> Iterator[Opens]:
        with ExitStack() as stack:
            yield opener("sqlite:///a folder/ledger.db", tmp_path, clock, stack)


class TestPostgresLedger(DurableLedgerContract):
    @pytest.fixture
    def opens(self, clock: Clock, tmp_path: Path, postgres: str) -> Iterator[Opens]:
        schema = f"ledger_{next(_schemas)}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        with ExitStack() as stack:
            yield opener(f"{postgres}&options=-csearch_path%3D{schema}", tmp_path, clock, stack)
