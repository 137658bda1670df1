"""The ledger's statements, as SQLite means to carry them out."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite

from comporta.engine import PROJECTIONS
from comporta.ledger import open_ledger
from comporta.ledger.statements import statements


def test_no_look_up_walks_through_all_that_the_ledger_keeps(tmp_path: Path) -> None:
    ledger = open_ledger(
        "sqlite:///ledger.db", PROJECTIONS, key=b"k" * 32, clock=lambda: datetime.now(UTC), root=tmp_path
    )
    ledger.transact(lambda tx: None)
    ledger.close()
    dialect: Any = sqlite.dialect
    made = statements(dialect(paramstyle="named"))
    asked = {name: getattr(made, name) for name in made.__struct_fields__ if name != "states"}
    asked |= {f"states {which}": text for which, text in made.states.items()}
    connection = sqlite3.connect(tmp_path / "ledger.db")
    walks = {}
    for name, text in asked.items():
        values = dict.fromkeys(("project", "reading", "key", "low", "high", "mark", "of", "name"), "a")
        numbers = dict.fromkeys(("most", "after", "seq", "upto", "number"), 1)
        if text.startswith("SELECT"):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", values | numbers)
            walks[name] = [
                row[3] for row in plan if row[3].startswith(("SCAN ledger_readings", "SCAN ledger_events"))
            ]
    connection.close()
    assert "others" in walks
    assert {name: found for name, found in walks.items() if found} == {}
