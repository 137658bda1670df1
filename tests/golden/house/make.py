"""Makes `house.tar.gz`: a ledger, store and key, as the Comporta of 2026-11-29 (commit 78e9a4f) wrote them.

It was run once, with that code, and is kept to show what lies in the archive; with a later Comporta it would
make a later form. Run it as `python tests/golden/house/make.py` in a checkout of that commit.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl

from comporta.cli.init import make
from comporta.data.fragments import ROW, write_fragment
from comporta.data.keys import subject_hash
from comporta.data.log import RedactEntry, append_entry, read_log
from comporta.data.manifests import list_versions
from comporta.data.names import object_name
from comporta.loop.gate import gate, waive
from comporta.loop.house import open_house
from comporta.loop.log import Log
from comporta.loop.release import approve, release, rollback, version_of
from comporta.loop.serving import Released
from comporta.loop.train import run
from comporta.serve import App
from comporta.testing.serving import ask

HERE = Path(__file__).parent
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "project.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def build(folder: Path) -> None:
    make(folder, "shop")
    (folder / "sample.py").unlink()
    shutil.copy(HERE / "project.py", folder / "project.py")
    with open_house(folder, works=True) as house:
        run(house)
        for name in ("leaving/1", "worth/1"):
            assert version_of(house, name).state == "passed", version_of(house, name)
        approve(house, "leaving/1", by="ana", role="validator", reason="Read every verdict.")
        release(house, "leaving/1", by="rui", reason="The first one.")
        release(house, "worth/1", by="rui")
    # A shallower tree, held to a limit that it misses: refused, waived and released.
    edit(folder, 'params={"depth": 3}', 'params={"depth": 2}')
    edit(folder, 'at_most("brier", 0.2)', 'at_most("brier", 0.05)')
    with open_house(folder, works=True) as house:
        run(house, ("leaving",))
        assert version_of(house, "leaving/2").state == "refused"
        waive(house, "leaving/2", "brier at most 0.05", by="ana", reason="Until autumn.", until=UNTIL)
        approve(house, "leaving/2", by="rui", role="owner", reason="We need it.")
        release(house, "leaving/2", by="rui", reason="Waived.")
    # One that stays refused.
    edit(folder, 'params={"depth": 2}', 'params={"depth": 1}')
    with open_house(folder, works=True) as house:
        run(house, ("leaving",))
        assert version_of(house, "leaving/3").state == "refused"
        gate(house, "leaving/3", level="audit")
        rollback(house, "leaving", by="ana", reason="The waived one looked odd.")
        release(house, "leaving/2", by="rui", reason="It did not.")
    asyncio.run(serve(folder))
    with open_house(folder) as house:
        forget(house, "orders", "c007")


async def serve(folder: Path) -> None:
    with open_house(folder) as house:
        with Log(house) as log:
            await requests(house, log, range(40, 60))
        # And some that no version holds yet.
        log = Log(house)
        await requests(house, log, range(60, 65))


async def requests(house, log, customers: range) -> None:
    async with App(Released(house), log, key=house.keys.unit, flush=0.02) as app:
        ids = []
        for number in customers:
            columns = {
                "customer": number, "month": "2026-08-01T00:00:00Z", "tenure": number % 90,
                "plan": "basic" if number % 3 == 0 else "family",
            }  # fmt: skip
            row = {**columns, "__key": f"k{number}", "__subject": str(number), "__unit": f"u{number}"}
            body = {"dataframe_records": [row]}
            status, _, data = await ask(app, "POST", "/models/leaving/invocations", body)
            assert status == 200, data
            ids += json.loads(data)["prediction_ids"]
        columns = {"order": 5_000, "items": 3, "express": True}
        body = {"dataframe_records": [columns]}
        status, _, data = await ask(app, "POST", "/models/worth/invocations", body)
        assert status == 200, data
        # Two in three are told what came true, and one label belongs to nothing that was answered.
        labels = [{"id": each, "label": place % 2 == 0} for place, each in enumerate(ids) if place % 3]
        labels.append({"id": "0" * 32, "label": False})
        status, _, data = await ask(app, "POST", "/feedback", labels)
        assert status < 300, data


def forget(house, dataset: str, who: str) -> None:
    """What an erasure writes: fragments without the subject, one entry, the old objects gone."""
    store, keys = house.store, house.keys
    history = read_log(store, keys, dataset)
    moved = {}
    for manifest in list_versions(store, dataset):
        for segment in manifest.segments:
            for named in segment.fragments:
                now = history.resolve(named)
                if now is None or now.id in moved:
                    continue
                held = pl.read_parquet(store.get(object_name(dataset, now.id)))
                held = held if ROW in held.columns else held.with_row_index(ROW)
                kept = held.filter(pl.col("customer").ne_missing(who))
                if len(kept) < len(held):
                    bins = (now.low >> 48, (now.high >> 48) + 1)
                    made = write_fragment(store, keys, manifest.shape, kept, bins, house.below)
                    moved[now.id] = msgspec.structs.replace(made, numbered=True)
    gone = (f"{subject_hash(who, keys):016x}",)
    assert append_entry(store, keys, dataset, history, house.clock(), RedactEntry, moved=moved, subjects=gone)
    for id in moved:
        store.delete(object_name(dataset, id))


def pack(folder: Path, file: Path) -> None:
    """The folder less what can be made again, the ledger in one file."""
    with sqlite3.connect(folder / ".comporta/ledger.db") as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    kept = ("project.py", "comporta.toml", "comporta.key", ".comporta/ledger.db", ".comporta/store")
    with tarfile.open(file, "w:gz") as tar:
        for name in kept:
            tar.add(folder / name, name)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as below:
        build(Path(below) / "shop")
        pack(Path(below) / "shop", HERE / "house.tar.gz")
