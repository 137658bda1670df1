"""The text of a CSV file: its encoding, its header, and in which line a value stands."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comporta.data.csv_numbers import NumberStyle
from comporta.errors import BadData
from comporta.records import Record
from comporta.records.csv_files import CsvFiles

_CHUNK = 1 << 20
_OTHERS = (";", "\t", "|", ",")
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class CsvFile(Record, frozen=True, kw_only=True):
    """One file: where it lies, what messages call it, how it is written, and the columns of its header.

    label: dataset and file. separator: as declared, or by the file's ending.
    """

    path: Path
    label: str
    form: CsvFiles
    separator: str
    columns: tuple[str, ...] = ()

    @property
    def utf8(self) -> bool:
        """Whether it can be read as it lies."""
        return codecs.lookup(self.form.encoding).name in ("utf-8", "utf-8-sig", "ascii")

    @property
    def style(self) -> NumberStyle:
        """How its numbers are written."""
        return NumberStyle(self.form.decimal, self.form.thousands)

    def bytes(self) -> io.BytesIO:
        """All of it as UTF-8. Raises BadData where it is written in another encoding than declared."""
        data = self.path.read_bytes()
        try:
            return io.BytesIO(data.decode(self.form.encoding).encode())
        except UnicodeError as error:
            raise encoding_fault(self) or BadData(f"{self.label}: {error}") from None


def open_csv(path: Path, root: Path, name: str, written: CsvFiles) -> CsvFile:
    """The file with its header. name: the dataset's. Raises BadData, naming file, line and column."""
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    separator = written.separator or ("\t" if path.suffix.lower() == ".tsv" else ",")
    file = CsvFile(path=path, label=f"{name}: {shown.as_posix()}", form=written, separator=separator)
    _require_text_lines(file)
    header = next(_records(file), (1, []))[1]
    if not header:
        raise BadData(
            f"{file.label}, line 1: found nothing, expected a header. Remove the file, or write one."
        )
    for at, column in enumerate(header):
        if not column:
            raise BadData(
                f"{file.label}, line 1, column {at + 1}: found no name, expected one for each column. "
                "Name it, or leave it out (pandas: to_csv(index=False))."
            )
        if column in header[:at]:
            raise BadData(
                f"{file.label}, line 1, column {at + 1}: found the name {column!r}, which column "
                f"{header.index(column) + 1} has too, expected each name once. Rename one."
            )
    likely = [each for each in _OTHERS if each != separator and each in header[0]]
    if len(header) == 1 and likely:
        raise BadData(
            f"{file.label}, line 1: found one column, {header[0]!r}, expected columns that {separator!r} "
            f"separates. Declare {declare(file, separator=likely[0])}"
        )
    return CsvFile(path=path, label=file.label, form=written, separator=separator, columns=tuple(header))


def line_of(file: CsvFile, column: str, text: str) -> int:
    """The line in which the first such text of a column begins, from 1; 0: nowhere."""
    at = file.columns.index(column)
    for line, values in _records(file):
        if line > 1 and at < len(values) and values[at] == text:
            return line
    return 0


def long_line(file: CsvFile) -> tuple[int, int]:
    """The first line that has more values than the header, and how many; zeros: none."""
    for line, values in _records(file):
        if len(values) > len(file.columns):
            return line, len(values)
    return 0, 0


def short_line(file: CsvFile) -> tuple[int, int]:
    """The first line that has fewer values than the header, and how many; zeros: none."""
    for line, values in _records(file):
        if len(values) < len(file.columns):
            return line, len(values)
    return 0, 0


def open_quote(file: CsvFile) -> int:
    """The line of the first quote that does not open a value, close it, or stand twice; 0: there is none."""
    value = re.compile(
        rf'(?:"(?:[^"]|"")*"|[^"{re.escape(file.separator)}\r\n]*)(?:{re.escape(file.separator)}|\r?\n|$)'
    )
    text, at = file.bytes().getvalue().decode("utf-8-sig"), 0
    while at < len(text):
        found = value.match(text, at)
        if found is None:
            return text.count("\n", 0, at) + 1
        at = found.end()
    return 0


def _require_text_lines(file: CsvFile) -> None:
    """Raises BadData on a file that begins as no text does, or whose lines end in a way that is not read."""
    with file.path.open("rb") as handle:
        begins = handle.read(4)
    if begins.startswith(_PACKED):
        raise BadData(f"{file.label}: found a packed file, expected text. Unpack it.")
    if begins.startswith(_UTF_16) and file.utf8:
        raise BadData(
            f"{file.label}, line 1, column 1: found UTF-16, expected {file.form.encoding}. Declare how it is "
            f"written: {declare(file, encoding='utf-16')}"
        )
    try:
        with file.path.open(encoding=file.form.encoding, newline="") as handle:
            alone = handle.readline(_CHUNK).endswith("\r")
    except UnicodeError:  # told where the header is read
        return
    if alone:
        raise BadData(
            f"{file.label}, line 1: found lines that end in a carriage return alone, expected a line feed "
            "or both. Write the file anew."
        )


def encoding_fault(file: CsvFile) -> BadData | None:
    """Where the file is not in its encoding, as an error that names line and column; None: nowhere."""
    decoder = codecs.getincrementaldecoder(file.form.encoding)()
    before = b""  # of the line that is being read
    line = 1
    with file.path.open("rb") as handle:
        while True:
            chunk = handle.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # What the decoder kept of the chunk before counts in its offset.
                good = chunk[: max(0, error.start - (len(error.object) - len(chunk)))]
                line += good.count(b"\n")
                before = (before + good).rpartition(b"\n")[2]
                break
            if not chunk:
                return None
            line += chunk.count(b"\n")
            before = (before + chunk).rpartition(b"\n")[2]
    values = next(csv.reader([before.decode("latin-1")], delimiter=file.separator), [""])
    other = "latin-1" if file.utf8 else "utf-8"
    return BadData(
        f"{file.label}, line {line}, column {max(1, len(values))}: found bytes that are no "
        f"{file.form.encoding}. Declare how it is written: {declare(file, encoding=other)}"
    )


def declare(file: CsvFile, **more: Any) -> str:
    """The source as it would have to be declared, with what is declared already."""
    written = file.form
    missing = more.get("null_values")
    given = {
        "separator": more.get("separator", written.separator),
        "encoding": more.get("encoding", written.encoding if written.encoding != "utf-8" else ""),
        "null_values": (*written.null_values, *([missing] if missing else [])),
        "decimal": _unless(".", more.get("decimal", written.decimal)),
        "thousands": more.get("thousands", written.thousands),
        "schema": written.schema | more.get("schema", {}),
    }
    said = "".join(f", {name}={value!r}" for name, value in given.items() if value)
    return f"source=csv({written.glob!r}{said})."


def _unless(usual: str, value: str) -> str:
    return "" if value == usual else value


def _records(file: CsvFile) -> Iterator[tuple[int, list[str]]]:
    """The line in which each record begins, and its values; empty lines apart. Raises BadData."""
    encoding = "utf-8-sig" if file.utf8 else file.form.encoding
    line = 1
    try:
        with file.path.open(encoding=encoding, newline="") as handle:
            reader = csv.reader(handle, delimiter=file.separator)
            for values in reader:
                if values:
                    yield line, values
                line = reader.line_num + 1
    except UnicodeError as error:
        raise encoding_fault(file) or BadData(f"{file.label}: {error}") from None
    except csv.Error as error:
        raise BadData(f"{file.label}, line {line}: cannot be read: {error}. Correct the line.") from None
