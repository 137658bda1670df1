"""CSV files as strangers write them: the rows that pandas reads, or file, line and column of what is wrong."""

# ruff: noqa: E501 - a case is a line

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import polars as pl
import pytest

from comporta.data import scan_slice
from comporta.data.sources import columns_of
from comporta.data.steps import snapshot
from comporta.errors import BadData
from comporta.project import Dataset, csv
from comporta.project.faults import project_faults
from comporta.project.project import ProjectDeclaration
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, StepContext, derive


@pytest.fixture
def take(tmp_path: Path) -> Any:
    """A function: files by name, the source, and what came of them."""

    def taking(files: dict[str, str | bytes], source: Any, key: str = "id") -> pl.DataFrame:
        for name, text in files.items():
            (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), scratch=tmp_path)
        shape = msgspec.to_builtins(DatasetSchema(name="d", key=(key,)))
        given = {"glob": source} if isinstance(source, str) else {"csv": msgspec.to_builtins(source)}
        made = snapshot(context, shape=shape, root=str(tmp_path), **given)
        return scan_slice(context.store, context.keys, made["version"]).collect().sort(key)

    return taking


LATE = "id,x\n" + "".join(f"{at},{at}\n" for at in range(10_500))
AS_PANDAS: list[tuple[str, str | bytes, Any, dict[str, Any]]] = [
    ("plain", "id,x,s\n1,0.5,a\n2,,\n3,-1e3,ç\n", "*.csv", {}),
    ("semicolons", "id;x\n1;1,5\n2;-2,25\n3;4\n", csv("*.csv", separator=";", decimal=","), {"sep": ";", "decimal": ","}),
    ("decimal comma in quotes", 'id,x\n1,"1,5"\n2,3\n', csv("*.csv", decimal=","), {"decimal": ","}),
    ("NA", "id,x,s\n1,NA,a\n2,3,-\n", csv("*.csv", null_values=("NA", "-")), {"na_values": ["-"]}),
    ("latin-1", "id;città\n1;é\n".encode("latin-1"), csv("*.csv", separator=";", encoding="latin-1"), {"sep": ";", "encoding": "latin-1"}),
    ("utf-16", "id,s\n1,é\n".encode("utf-16"), csv("*.csv", encoding="utf-16"), {"encoding": "utf-16"}),
    ("byte order mark", "id,s\n1,é\n".encode("utf-8-sig"), "*.csv", {}),
    ("text declared", "id,zip\n1,007\n2,NA\n", csv("*.csv", schema={"zip": "String"}), {"dtype": {"zip": str}, "keep_default_na": False}),
    ("float declared", "id,x\n1,1\n2,2\n", csv("*.csv", schema={"x": "Float64"}), {"dtype": {"x": float}}),
    ("quoted separators and line ends", 'id,s\n1,"a,b\nc"\n2,"say ""x"""\n', "*.csv", {}),
    ("blank lines at the end, CRLF", "id,x\r\n1,2\r\n", "*.csv", {}),
    ("names of patterns", "id,*,^x.*$,x\n1,2,3,4\n", "*.csv", {}),
    ("thousands", 'id,x,n,s\n1,"1,234.56","12,345",a\n2,-7,"1,234,567",b\n3,,8,c\n', csv("*.csv", thousands=","), {"thousands": ","}),
    ("thousands with points", "id;x;n\n1;1.234,56;1.000\n2;0,5;12\n", csv("*.csv", separator=";", decimal=",", thousands="."), {"sep": ";", "decimal": ",", "thousands": "."}),
    ("thousands with blanks", "id;x\n1;1 234 567,5\n2;1e3\n", csv("*.csv", separator=";", decimal=",", thousands=" "), {"sep": ";", "decimal": ",", "thousands": " "}),
    ("thousands in a declared column", "id;x\n1;1.000\n2;12\n", csv("*.csv", separator=";", decimal=",", thousands=".", schema={"x": "Float64"}), {"sep": ";", "decimal": ",", "thousands": ".", "dtype": {"x": float}}),
    ("thousands after ten thousand rows", LATE + '10500,"1,000"\n', csv("*.csv", thousands=","), {"thousands": ","}),
    ("text beside thousands", 'id,s,t\n1,"1,2",1.2.3.4\n2,"3,4",5\n', csv("*.csv", thousands=",", schema={"s": "String"}), {"dtype": {"s": str}}),
    ("addresses and telephones", "id,ip,call\n1,10.0.0.1,555 123 456\n2,192.168.1.10,555 999 111\n", "*.csv", {}),
    ("a pipe", "id|x\n1|2\n", csv("*.csv", separator="|"), {"sep": "|"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "source", "options"), AS_PANDAS, ids=[each[0] for each in AS_PANDAS]
)
def test_files_hold_what_pandas_reads(
    take: Any, tmp_path: Path, name: str, text: str | bytes, source: Any, options: dict[str, Any]
) -> None:
    found = take({"a.csv": text}, source)
    oracle = pl.from_pandas(pd.read_csv(tmp_path / "a.csv", **options))
    assert found.rows() == oracle.rows()
    assert found.columns == oracle.columns


def test_columns_go_by_name_and_an_empty_one_has_the_type_of_the_other_files(take: Any) -> None:
    files = {
        "a.csv": "id,x,when,none\n1,,,\n2,,,\n",
        "b.csv": "none,when,x,id\n,2026-01-02,7,3\n",
        "c.csv": "x,id,none,when\n0.5,4,,9999-12-31 23:59:59\n",
    }
    found = take(files, "*.csv")
    assert dict(found.schema) == {
        "id": pl.Int64,
        "x": pl.Float64,
        "when": pl.Datetime("us"),
        "none": pl.Null,
    }
    assert found["x"].to_list() == [None, None, 7.0, 0.5] and found["when"][3].year == 9999


def test_a_value_after_ten_thousand_empty_ones_gives_the_column_its_type(take: Any) -> None:
    text = "id,x\n" + "".join(f"{at},\n" for at in range(10_500)) + "10500,7\n"
    assert take({"a.csv": text}, "*.csv")["x"].dtype == pl.Int64


def test_exact_decimals_and_large_whole_numbers_keep_their_digits(take: Any) -> None:
    declared = csv("*.csv", schema={"x": "Decimal(10,2)"})
    assert take({"a.csv": "id,x,n\n1,1.10,9007199254740993\n2,2.250,1\n"}, declared).rows() == [
        (1, Decimal("1.10"), 9007199254740993),
        (2, Decimal("2.25"), 1),
    ]


def test_a_line_without_any_value_is_no_row(take: Any) -> None:
    assert take({"a.csv": "id,x\n1,\n\n,\n2,3\n\n\n"}, "*.csv").rows() == [(1, None), (2, 3)]


def test_nan_in_a_file_is_a_missing_value(take: Any) -> None:
    assert take({"a.csv": "id,x\n1,NaN\n2,0.5\n"}, "*.csv")["x"].to_list() == [None, 0.5]


WRONG: list[tuple[str, dict[str, str | bytes], Any, str]] = [
    ("NA", {"a.csv": "id,x\n1,5\n2,NA\n"}, "*.csv", r"d: a\.csv, line 3, column 'x': found 'NA', expected numbers as in the other rows\. If it means a missing value, declare it: source=csv\('\*\.csv', null_values=\('NA',\)\)\. If not, make the column text: source=csv\('\*\.csv', schema=\{'x': 'String'\}\)\."),
    ("NA of dates", {"a.csv": "id,x\n1,2026-01-01\n2,n/a\n"}, "*.csv", "line 3, column 'x': found 'n/a', expected dates"),
    ("NA in another file", {"a.csv": "id,x\n1,5\n", "b.csv": "id,x\n2,NA\n"}, "*.csv", r"d: b\.csv, line 2, column 'x': found 'NA', expected a value of the type Int64\. If it means"),
    ("NA beside what is declared", {"a.csv": "id;x\n1;-\n2;NA\n3;0,5\n"}, csv("*.csv", separator=";", decimal=",", null_values="NA"), r"found '-'.*source=csv\('\*\.csv', separator=';', null_values=\('NA', '-'\), decimal=','\)"),
    ("text among numbers", {"a.csv": "id,x\n1,5\n", "b.csv": "x,id\nK1A 0B1,2\n"}, "*.csv", r"b\.csv, line 2, column 'x': found 'K1A 0B1', expected a value of the type Int64\. Correct it, or make the column text"),
    ("text far down", {"a.csv": LATE + "10500,abc\n"}, "*.csv", r"a\.csv, line 10502, column 'x': found 'abc', expected a value of the type Int64"),
    ("text far down after quoted lines", {"a.csv": 'id,s,x\n1,"a\nb",1\n' + "".join(f"{at},,{at}\n" for at in range(2, 10_500)) + "10500,,abc\n"}, "*.csv", "line 10502, column 'x'"),
    ("declared otherwise", {"a.csv": "id,x\n1,5\n2,a\n"}, csv("*.csv", schema={"x": "Int64"}), r"line 3, column 'x': found 'a', expected a value of the type Int64"),
    ("too large for its type", {"a.csv": "id,x\n1,300\n"}, csv("*.csv", schema={"x": "Int8"}), "found '300', expected a value of the type Int8"),
    ("two names", {"a.csv": "id,x,x\n1,2,3\n"}, "*.csv", r"a\.csv, line 1, column 3: found the name 'x', which column 2 has too"),
    ("no name", {"a.csv": ",id\n0,1\n"}, "*.csv", r"line 1, column 1: found no name"),
    ("nothing", {"a.csv": ""}, "*.csv", "line 1: found nothing, expected a header"),
    ("semicolons", {"a.csv": "id;x\n1;1,5\n"}, "*.csv", r"found one column, 'id;x', expected columns that ',' separates\. Declare source=csv\('\*\.csv', separator=';'\)"),
    ("decimal commas", {"a.csv": "id;x\n1;2\n2;1,5\n"}, csv("*.csv", separator=";"), r"line 3, column 'x': found '1,5', expected a number written like 1234\.5\. If it means 1\.5, declare it: source=csv\('\*\.csv', separator=';', decimal=','\)\. If not"),
    ("thousands", {"a.csv": 'id,x\n1,2\n2,"1,234.56"\n'}, "*.csv", r"line 3, column 'x': found '1,234\.56', expected a number written like 1234\.5\. If it means 1234\.56, declare it: source=csv\('\*\.csv', thousands=','\)\. If not, make the column text"),
    ("thousands or decimals", {"a.csv": 'id,x\n1,"1,234"\n'}, "*.csv", r"If it means 1234, declare it: source=csv\('\*\.csv', thousands=','\)\. If it means 1\.234, declare it: source=csv\('\*\.csv', decimal=','\)\. If not"),
    ("points as thousands", {"a.csv": "id;x\n1;1.234,56\n2;0,5\n"}, csv("*.csv", separator=";", decimal=","), r"line 2, column 'x': found '1\.234,56', expected a number written like 1234,5\. If it means 1234\.56, declare it: source=csv\('\*\.csv', separator=';', decimal=',', thousands='\.'\)"),
    ("points and commas", {"a.csv": "id;x\n1;1,5\n2;2.5\n"}, csv("*.csv", separator=";", decimal=","), r"line 3, column 'x': found '2\.5', expected a number written like 1234,5\. Others there are written in another way\. Correct one, or make it text"),
    ("points where commas are declared", {"a.csv": "id;x\n1;1.5\n2;2.5\n"}, csv("*.csv", separator=";", decimal=","), r"found '1\.5', expected a number written like 1234,5\. If it means 1\.5, declare it: source=csv\('\*\.csv', separator=';'\)"),
    ("both styles, far down", {"a.csv": LATE + '10500,"1,5"\n'}, "*.csv", r"line 10502, column 'x': found '1,5', expected a number written like 1234\.5\. If it means 1\.5"),
    ("both styles, far down and mixed", {"a.csv": LATE + '10500,2.5\n10501,"1,5"\n'}, csv("*.csv", schema={"x": "Float64"}), r"line 10503, column 'x': found '1,5', .*Others there are written in another way"),
    ("marks out of place", {"a.csv": 'id,x\n1,"1,234"\n2,"1,2,3"\n'}, csv("*.csv", thousands=",", schema={"x": "Int64"}), r"line 3, column 'x': found '1,2,3', expected a value of the type Int64"),
    ("another style than the declared thousands", {"a.csv": "id;x\n1;1.234,5\n2;7\n"}, csv("*.csv", separator=";", thousands=","), r"found '1\.234,5', expected a number written like 1,234\.5\. If it means 1234\.5, declare it: source=csv\('\*\.csv', separator=';', decimal=',', thousands='\.'\)"),
    ("thousands of Swiss francs", {"a.csv": "id,x\n1,1'234.50\n2,12\n"}, "*.csv", r"""found "1'234\.50".*declare it: source=csv\('\*\.csv', thousands="'"\)"""),
    ("latin-1 header", {"a.csv": "id,é\n1,2\n".encode("latin-1")}, "*.csv", r"line 1, column 2: found bytes that are no utf-8\. Declare how it is written: source=csv\('\*\.csv', encoding='latin-1'\)"),
    ("latin-1 body", {"a.csv": LATE.encode() + "10500,é\n".encode("latin-1")}, "*.csv", "line 10502, column 2: found bytes that are no utf-8"),
    ("not in the encoding", {"a.csv": b"id,x\n1,2\n2,\xff\n"}, csv("*.csv", encoding="ascii"), "line 3, column 2: found bytes that are no ascii"),
    ("too many values", {"a.csv": "id,x\n1,2\n2,3,4\n"}, "*.csv", r"line 3: found 3 values, expected 2 as in the header"),
    ("too many, far down", {"a.csv": LATE + "1,2,3\n"}, "*.csv", r"line 10502: found 3 values, expected 2"),
    ("too few values", {"a.csv": "id,x,s\n1,2,a\n2,3\n"}, "*.csv", r"d: a\.csv, line 3: found 2 values, expected 3 as in the header\. Complete the line: a missing value is nothing between its separators\."),
    ("too few, far down", {"a.csv": LATE + "10500\n"}, "*.csv", r"line 10502: found 1 value, expected 2"),
    ("too few behind separators in quotes", {"a.csv": 'id,s,x\n1,"a,b,c",1\n2,"a,,,b"\n'}, "*.csv", "line 3: found 2 values, expected 3"),
    ("too few in lines that quotes hold together", {"a.csv": 'id,s,x\n1,"a\nb",1\n2,"a,,,\n,,,b"\n'}, "*.csv", "line 4: found 2 values, expected 3"),
    ("too few in another file", {"a.csv": "id;x\n1;2\n", "b.csv": "id;x\n2\n"}, csv("*.csv", separator=";"), r"b\.csv, line 2: found 1 value"),
    ("too few in another encoding", {"a.csv": "id,é\n1,é\n2\n".encode("latin-1")}, csv("*.csv", encoding="latin-1"), "line 3: found 1 value, expected 2"),
    ("nanoseconds", {"a.csv": "id,at\n1,2025-01-31T10:00:00.5\n2,2025-01-31T10:00:00.123456789\n"}, "*.csv", r"line 3, column 'at': found '2025-01-31T10:00:00\.123456789', expected a time in microseconds, as the column is read\. It would be cut\. To keep it: source=csv\('\*\.csv', schema=\{'at': \"Datetime\('ns'\)\"\}\)\. Or make the column text"),
    ("nanoseconds with a zone", {"a.csv": "id,at\n1,2025-01-31T10:00:00.000000001Z\n"}, "*.csv", r"Datetime\('ns', 'UTC'\)"),
    ("microseconds declared as less", {"a.csv": "id,at\n1,2025-01-31T10:00:00.1234\n"}, csv("*.csv", schema={"at": "Datetime('ms')"}), "expected a time in milliseconds"),
    ("finer than nanoseconds", {"a.csv": "id,at\n1,2025-01-31T10:00:00.1234567891\n"}, csv("*.csv", schema={"at": "Datetime('ns')"}), "expected a time in nanoseconds.*no time is kept finer"),
    ("a column less", {"a.csv": "id,x\n1,2\n", "b.csv": "id\n2\n"}, "*.csv", r"b\.csv, line 1: found no column 'x', expected it as in a\.csv"),
    ("a column more", {"a.csv": "id\n1\n", "b.csv": "id,x\n2,3\n"}, "*.csv", r"b\.csv, line 1, column 2: found 'x', expected only columns of a\.csv"),
    ("not in the schema", {"a.csv": "id\n1\n"}, csv("*.csv", schema={"z": "Int64"}), "line 1: found no column 'z', expected it as schema= declares"),
    ("a code far down", {"a.csv": LATE + "10500,007\n"}, "*.csv", r"line 10502, column 'x': found '007', expected a number without zeros in front"),
    ("a year of two digits", {"a.csv": "id,at\n1,31-12-25\n"}, "*.csv", "line 2, column 'at': found '31-12-25', expected a date with a year of four digits"),
    ("a year of two digits, declared", {"a.csv": "id,at\n1,31/12/25\n"}, csv("*.csv", schema={"at": "Date"}), "found '31/12/25', expected a date with a year of four digits"),
    ("the month first", {"a.csv": "id,at\n1,12/31/2025\n"}, "*.csv", "found '12/31/2025', expected a date that can be read in one way"),
    ("a day that is none", {"a.csv": "id,at\n1,2025-01-31\n2,2025-02-30\n"}, "*.csv", "line 3, column 'at': found '2025-02-30', expected a date of the calendar"),
    ("a zone here and there", {"a.csv": "id,at\n1,2025-01-31 10:00:00\n2,2025-02-01 10:00:00+01:00\n"}, "*.csv", "line 3, column 'at': found '2025-02-01 10:00:00.01:00', expected times all with a zone"),
    ("more digits than a float has", {"a.csv": "id,x\n1,9007199254740993\n2,0.5\n"}, "*.csv", "line 2, column 'x': found '9007199254740993', expected a number that 64 bits"),
    ("more digits than the other file's floats", {"a.csv": "id,x\n1,9007199254740993\n", "b.csv": "id,x\n2,0.5\n"}, "*.csv", r"a\.csv, line 2, column 'x': found '9007199254740993'"),
    ("more decimals than declared", {"a.csv": "id,x\n1,1.10\n2,2.255\n"}, csv("*.csv", schema={"x": "Decimal(10,2)"}), "line 3, column 'x': found '2.255', expected no more decimals"),
    ("a plus", {"a.csv": "id,x\n1,+5\n2,7\n"}, "*.csv", r"line 2, column 'x': found '\+5'.*If it is a number: source=csv\('\*\.csv', schema=\{'x': 'Int64'\}\)"),
    ("carriage returns alone", {"a.csv": "id,x\r1,2\r"}, "*.csv", "line 1: found lines that end in a carriage return alone"),
    ("UTF-16", {"a.csv": "id,x\n1,2\n".encode("utf-16")}, "*.csv", r"found UTF-16, expected utf-8\. Declare how it is written: source=csv\('\*\.csv', encoding='utf-16'\)"),
    ("a packed file", {"a.csv": gzip.compress(b"id,x\n1,2\n")}, "*.csv", "found a packed file, expected text"),
    ("a quote within", {"a.csv": 'id,s\n1,"b, ""c"\n2,a"b\n3,c\n'}, "*.csv", "line 3: found a quote within a value"),
    ("a quote that nothing closes", {"a.csv": 'id,s\n1,c\n2,"ab\n3,c\n'}, "*.csv", "line 3: found a quote within a value, or one that nothing closes"),
    ("blanks", {"a.csv": "id,x\n1, 2\n"}, "*.csv", "line 2, column 'x': found ' 2', expected a number without blanks"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "source", "said"), WRONG, ids=[each[0] for each in WRONG])
def test_what_is_wrong_is_one_line_with_file_line_and_column(
    take: Any, name: str, files: dict[str, str | bytes], source: Any, said: str
) -> None:
    with pytest.raises(BadData, match=said) as raised:
        take(files, source)
    assert "\n" not in str(raised.value)


def test_what_a_message_advises_is_what_the_source_takes(take: Any) -> None:
    files: dict[str, str | bytes] = {"a.csv": "id;x;s\n1;NA;é\n2;1,5;b\n".encode("latin-1")}
    source: Any = "*.csv"
    for _ in range(5):
        try:
            found = take(files, source)
            break
        except BadData as error:
            advice = str(error).partition("source=")[2].partition(". If not")[0].rstrip(".")
            source = eval(advice, {"csv": csv})
    assert found.rows() == [(1, None, "é"), (2, 1.5, "b")]


def test_the_columns_of_a_source_are_read_from_any_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,é\n1,2\n".encode("latin-1"))
    assert columns_of(csv("*.csv", encoding="latin-1"), tmp_path, "d") == {"id": "Int64", "é": "Int64"}


FAULTS = [
    (csv("no/*.csv"), "found no file for 'no/*.csv'"),
    (csv("*.csv", encoding="rot13"), "encoding: found 'rot13', expected one that Python knows"),
    (csv("*.csv", separator='"'), "separator: found '\"', expected one character of ASCII that is no quote"),
    (csv("*.csv", schema={"x": "Decimal"}), "found 'Decimal', expected its digits and decimals"),
    (csv("a.csv", separator=";;"), "csv: separator: found ';;', expected one character"),
    (csv("a.csv", decimal=";"), "csv: decimal: found ';', expected '.' or ','"),
    (csv("a.csv", thousands="1"), "csv: thousands: found '1', expected one mark"),
    (
        csv("a.csv", decimal=",", thousands=","),
        "csv: thousands: found ',', expected another than the decimal sign",
    ),
    (csv("a.csv", encoding="latin-99"), "csv: encoding: found 'latin-99'"),
    (csv("a.csv", schema={"x": "int"}), "csv: schema: x: found 'int', expected one of: Boolean"),
    (csv("a.csv", schema={"x": 3}), "csv: schema: found {'x': 3}"),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("source", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_a_source_that_cannot_be_is_a_fault_of_the_project(tmp_path: Path, source: Any, said: str) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    project = ProjectDeclaration("p", datasets=(Dataset("d", source, key="id"),))
    (fault,) = project_faults(project, tmp_path)
    assert said in fault.message


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "id,zip\n1,00123\n2,01067\n",
            "found '00123', expected a number without zeros in front.*'zip': 'String'",
        ),
        (
            "id,at\n1,01/02/2025\n",
            "found '01/02/2025', expected a date that can be read in one way.*'at': 'Date'",
        ),
        (
            "id,at\n1,31.12.2025\n",
            "found '31.12.2025', expected a date that can be read in one way.*'at': 'Date'",
        ),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_guessed(take: Any, text: str, advice: str) -> None:
    with pytest.raises(BadData, match=f"(?s)line 2, column .*{advice}"):
        take({"a.csv": text}, "*.csv")


def test_what_is_declared_is_read_so(take: Any) -> None:
    text = "id,zip,code,at\n1,00123,007,01/02/2025\n"
    found = take({"a.csv": text}, csv("*.csv", schema={"zip": "String", "code": "Int64", "at": "Date"}))
    assert found.row(0) == (1, "00123", 7, date(2025, 2, 1))


def test_digits_behind_microseconds_are_kept_where_that_is_declared_and_zeros_are_none(take: Any) -> None:
    text = "id,at\n1,2025-01-31T10:00:00.123456789\n2,2025-01-31T10:00:00.500000000\n"
    kept = take({"a.csv": text}, csv("*.csv", schema={"at": "Datetime('ns')"}))
    assert kept["at"].dt.nanosecond().to_list() == [123_456_789, 500_000_000]
    zeros = take({"a.csv": text.replace("789", "000")}, "*.csv")
    assert zeros["at"].dt.nanosecond().to_list() == [123_456_000, 500_000_000]
