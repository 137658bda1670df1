"""What a version's code may read by a path, and what of the live project's folder it is refused."""

from __future__ import annotations

import importlib
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest

from comporta.errors import LiveFileRead
from comporta.opened.isolated import IsolatedSource
from comporta.opened.live_files import live_folder
from comporta.opened.unaudited import READERS
from comporta.project.sources import BESIDE

READS = """
import json, os, sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
from polars import scan_parquet

def by_open(path):
    return json.load(open(path))

def by_bytes(path):
    return open(os.fsencode(path), "rb").read()

def by_descriptor(path):
    return os.read(os.open(path, os.O_RDONLY), 9)

def by_update(path):
    return open(path, "r+").read()

def by_path(path):
    return Path(path).read_text()

def by_numpy(path):
    return np.load(path)

def by_numpy_text(path):
    return np.loadtxt(path)

def by_memory_map(path):
    return np.memmap(path)

def by_pandas(path):
    return pd.read_csv(path)

def by_joblib(path):
    return joblib.load(path)

def by_thread(path):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(np.load, path).result()

def by_sqlite(path):
    return sqlite3.connect(path)

def by_sqlite_address(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

def by_polars(path):
    return pl.read_csv(path)

def by_polars_lazily(path):
    return scan_parquet(source=Path(path))

def by_polars_list(path):
    return pl.read_csv([path])

def by_polars_pattern(path):
    return pl.scan_csv(f"{Path(path).parent}/*.csv")

def by_pandas_parquet(path):
    return pd.read_parquet(path)

def by_arrow(path):
    from pyarrow import parquet
    return parquet.read_table(path)

def by_arrow_file(path):
    from pyarrow.parquet import ParquetFile
    return ParquetFile(source=path)

def by_arrow_memory(path):
    import pyarrow
    return pyarrow.memory_map(path)

def by_polars_address(path):
    return pl.read_csv(f"file://{path}")

def removes(path):
    import shutil
    shutil.rmtree(path)

def of_its_own(path):
    Path(path).write_text("[1, 2]")
    return json.loads(Path(path).read_text())

def appended(path):
    with open(path, "a") as lines:
        lines.write("a line")
"""
WAYS = [line[4:].partition("(")[0] for line in READS.splitlines() if line.startswith("def by_")]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The folder of a live project, in which its processes stand."""
    folder = tmp_path / "project"
    folder.mkdir()
    here = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(here)


def kept(project: Path, *names: str) -> list:
    """These functions of the source that was kept with a version."""
    root = project / ".comporta" / "code" / "one"
    (root / BESIDE).mkdir(parents=True, exist_ok=True)
    (root / "asks.py").write_text(READS)
    return list(IsolatedSource(root, live_folder(project)).functions([f"asks.py:{name}" for name in names]))


def write(file: Path, way: str) -> None:
    """What this way of reading can read."""
    if "sqlite" in way:
        with sqlite3.connect(file) as database:
            database.execute("create table t (a)")
    elif way in ("by_numpy", "by_thread"):
        np.save(file.with_suffix(".npy"), np.arange(2))
        file.with_suffix(".npy").rename(file)
    elif way == "by_joblib":
        joblib.dump([1], file)
    elif way in ("by_polars_lazily", "by_pandas_parquet", "by_arrow", "by_arrow_file"):
        pl.DataFrame({"a": [1]}).write_parquet(file)
    else:
        file.write_text("1\n2\n")


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_the_live_project_is_not_read_in_any_way_and_the_error_says_who_where_and_what_to_do(
    project: Path, tmp_path: Path, way: str
) -> None:
    (ask,) = kept(project, way)
    (project / "data").mkdir()
    write(project / "data" / "table.csv", way)
    if way != "by_polars_pattern":
        (tmp_path / "outside").mkdir()
        write(tmp_path / "outside" / "table.csv", way)
        if way != "by_open":
            ask(str(tmp_path / "outside" / "table.csv"))
    for path in ("data/table.csv", str(project / "data" / "table.csv")):
        if way == "by_polars_address" and not path.startswith("/"):
            continue
        with pytest.raises(
            LiveFileRead, match=r"^asks\.py:\d+ reads data(/table\.csv)?: found a file that may"
        ):
            ask(path)


def test_what_the_code_made_itself_in_this_process_it_may_read_and_it_may_write(project: Path) -> None:
    own, appended = kept(project, "of_its_own", "appended")
    assert own("cache.json") == own("cache.json") == [1, 2]
    appended("answers.log")
    appended("answers.log")
    assert (project / "answers.log").read_text() == "a linea line"


def test_what_is_installed_or_temporary_or_of_the_environment_may_be_read_below_the_project_too(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(project / "tmp"))
    monkeypatch.setattr(sys, "prefix", str(project / "venv"))
    files = (
        "tmp/made.json",
        "venv/share/words.json",
        "lib/site-packages/zone.json",
        ".env",
        "__pycache__/f.nbi",
    )
    (read,) = kept(project, "by_path")
    for name in files:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("[1]")
        assert read(name) == "[1]", name


def test_data_that_was_put_beside_the_kept_source_is_refused_as_well(project: Path) -> None:
    (read,) = kept(project, "by_path")
    beside = project / ".comporta" / "code" / "one" / "table.json"
    beside.write_text("[1]")
    with pytest.raises(LiveFileRead, match=r"reads \.comporta/code/one/table\.json"):
        read(beside)


def test_a_link_hides_no_file_of_the_project_and_none_of_its_folder_leads_out_of_it(
    project: Path, tmp_path: Path
) -> None:
    (read,) = kept(project, "by_path")
    (project / "table.json").write_text("[1]")
    (tmp_path / "elsewhere.json").write_text("[1]")
    (tmp_path / "to_table.json").symlink_to(project / "table.json")
    (project / "out.json").symlink_to(tmp_path / "elsewhere.json")
    for path in (tmp_path / "to_table.json", project / "out.json", "../project/table.json"):
        with pytest.raises(LiveFileRead):
            read(path)


def test_who_else_is_in_the_process_reads_as_before(project: Path) -> None:
    kept(project, "by_path")
    (project / "table.csv").write_text("a\n1\n")
    assert Path("table.csv").read_text() == "a\n1\n"
    assert pl.read_csv("table.csv").height == pl.scan_csv("*.csv").collect().height == 1
    assert pd.read_csv("table.csv")["a"].item() == 1


def test_a_file_that_is_not_there_is_not_found_and_refused_once_it_is(project: Path) -> None:
    (read,) = kept(project, "by_path")
    with pytest.raises(FileNotFoundError):
        read("later.json")
    (project / "later.json").write_text("[1]")
    with pytest.raises(LiveFileRead):
        read("later.json")


def test_a_file_that_is_read_when_the_source_is_imported_is_refused_too(project: Path) -> None:
    root = project / ".comporta" / "code" / "two"
    (root / BESIDE).mkdir(parents=True)
    (root / "constants.py").write_text("import json\nTABLE = json.load(open('table.json'))\n")
    (root / "made.py").write_text("from constants import TABLE\ndef made():\n    return TABLE\n")
    (project / "table.json").write_text("[1]")
    with pytest.raises(LiveFileRead, match=r"^constants\.py:2 reads table\.json: "):
        IsolatedSource(root, live_folder(project)).functions(("made.py:made",))


def test_libraries_name_their_readers_as_before_and_each_that_is_guarded_is_there(project: Path) -> None:
    kept(project, "by_path")
    for name in ("read_csv", "scan_parquet"):
        reader = getattr(pl, name)
        assert getattr(importlib.import_module(reader.__module__), reader.__qualname__) is reader
    for name, pattern in READERS.items():
        if name.partition(".")[0] in packages_distributions():
            module = vars(importlib.import_module(name))
            methods = [f"{key}.{each}" for key, value in module.items() for each in dir(value)]
            assert any(re.fullmatch(pattern, each) for each in (*module, *methods)), name


def test_a_folder_is_no_data(project: Path) -> None:
    (remove,) = kept(project, "removes")
    (project / "cache" / "inner").mkdir(parents=True)
    remove("cache")
    assert not (project / "cache").exists()
