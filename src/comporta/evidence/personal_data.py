"""Personal data where it should not be: in features, in columns that reports slice by, in answers, and in
the kept model."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from comporta.evidence.personal_kinds import KINDS, Kind, named_like_it
from comporta.records import Artifact, Figure, Findings, Signature
from comporta.records.columns import KEPT
from comporta.stats.table import feature_names
from comporta.store.desk import Desk
from comporta.store.frames import read

DISTINCT = 50_000
FEWEST = 3
SHARE = 0.5
NUMBERS = 20
LONGEST = 2_000
BYTES = 64_000_000
# Of a model's bytes, most are no text: a longer address is asked, or chance would write one.
IN_BYTES = re.compile(rb"[A-Za-z0-9._%+-]{3,64}@[A-Za-z0-9-]{3,63}(?:\.[a-z0-9-]{2,63})*\.[a-z]{2,10}")


class Found(NamedTuple):
    """where: `feature contact`, `model`. many: of the values looked at."""

    where: str
    kind: str
    many: int
    of: int


def measure(desk: Desk, *, model: Artifact, signature: Artifact, train: Artifact) -> dict[str, Artifact]:
    """`findings`: each place with a kind of personal data, and how many values of it have the form."""
    takes = desk.get_json(signature, Signature)
    rows = read(desk, train)
    found = [*in_rows(rows), *in_words("answer", pl.Series(takes.classes, dtype=pl.String))]
    found += in_bytes(desk.get(model))
    looked = len(feature_names(rows)) + len(kept(rows)) + 2
    print(f"personal data: {looked} places, {len(found)} findings")
    return {"findings": desk.put_json(findings(found, looked, rows.height))}


def findings(found: list[Found], looked: int, rows: int) -> Findings:
    figures = [Figure(metric="places looked at", value=float(looked), rows=rows)]
    figures += [
        Figure(
            metric="personal data", value=float(each.many), rows=each.of, slice=f"{each.where}: {each.kind}"
        )
        for each in found
    ]
    return Findings(figures=tuple(figures), rows=rows, of=rows)


def kept(rows: pl.DataFrame) -> list[str]:
    """The columns beside the features that reports name values of."""
    return [name for name in rows.columns if name.startswith(KEPT)]


def in_rows(rows: pl.DataFrame) -> Iterator[Found]:
    """What stands in features and in the columns kept beside them."""
    for name in (*feature_names(rows), *kept(rows)):
        plain = name.removeprefix(KEPT)
        where = f"feature {plain}" if plain == name else f"column {plain}"
        if plain == name and named_like_it(plain):
            yield Found(where, "its name", 1, 1)
        values = rows[name]
        if values.dtype in (pl.String, pl.Categorical, pl.Enum):
            yield from in_words(where, values.cast(pl.String))
        elif values.dtype.is_numeric():
            yield from in_numbers(where, values)


def in_words(where: str, values: pl.Series) -> Iterator[Found]:
    """values: texts. Each kind is looked for anywhere in them."""
    texts = values.drop_nulls().unique(maintain_order=True).head(DISTINCT).str.slice(0, LONGEST)
    for kind in KINDS:
        form = texts.filter(texts.str.contains(kind.form))
        if form.len():
            yield from _enough(where, kind, form.to_list(), texts.len(), FEWEST)


def in_numbers(where: str, values: pl.Series) -> Iterator[Found]:
    """Whole numbers of nine to nineteen digits, each as it would be written."""
    whole = values.drop_nulls().unique(maintain_order=True).head(DISTINCT)
    if whole.dtype.is_float():
        whole = whole.filter(whole.is_finite() & (whole == whole.floor()) & (whole.abs() < 2**53))
    whole = whole.cast(pl.Int64, strict=False).drop_nulls()
    texts = whole.filter(whole >= 10**8).cast(pl.String)
    if texts.len() < NUMBERS:
        return
    for kind in KINDS:
        form = texts.filter(texts.str.contains(f"^(?:{kind.form})$"))
        if not kind.sure and form.len() >= NUMBERS:
            yield from _enough(where, kind, form.to_list(), texts.len(), NUMBERS)


def in_bytes(data: bytes) -> list[Found]:
    """Addresses and IBANs in the kept model: in the members of an archive, or in the bytes themselves."""
    held = data[data.find(b"\n") + 1 :]
    parts = [held]
    if held.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(held)) as archive:
            parts = [archive.read(name) for name in archive.namelist()]
    texts = [part[:BYTES] for part in parts]
    mails = {each for part in texts for each in IN_BYTES.findall(part)}
    bank = KINDS[1]
    form = re.compile(bank.form.encode())
    banks = {each for part in texts for each in form.findall(part) if bank.holds(each.decode())}
    found = {"e-mail addresses": len(mails), bank.name: len(banks)}
    return [Found("the kept model", name, many, many) for name, many in found.items() if many]


def _enough(where: str, kind: Kind, texts: list[str], of: int, fewest: int) -> Iterator[Found]:
    form = re.compile(kind.form)
    matches = [[each.group() for each in form.finditer(text)] for text in texts]
    held = sum(any(kind.holds(each) for each in found) for found in matches)
    if held and (kind.sure or (held >= fewest and held >= SHARE * len(matches))):
        yield Found(where, kind.name, held, of)
