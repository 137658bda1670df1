"""Personal data where it should not be: in features, in columns that reports slice by, in answers, and in
what is kept of the model: its own bytes, its ONNX export, and the trial rows that go with it.

The rows that explanations are measured against are test rows, and are searched as such.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import polars as pl

from comporta.checks.personal_data import codes
from comporta.checks.personal_data.figures import PERSONAL_DATA, PLACES
from comporta.checks.personal_data.kinds import KINDS, Kind, named_like_it
from comporta.records import Artifact, Code, Condition, Figure, Findings, Signature, conditions
from comporta.records.columns import KEPT
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

ANSWER, MODEL, GRAPH = (Condition("place", each()) for each in (codes.ANSWER, codes.MODEL, codes.ONNX))
DISTINCT = 50_000
FEWEST = 3
SHARE = 0.5
NUMBERS = 20
LONGEST = 2_000
BYTES = 64_000_000
# Of a model's bytes, most are no text: a longer address is asked, or chance would write one.
IN_BYTES = re.compile(rb"[A-Za-z0-9._%+-]{3,64}@[A-Za-z0-9-]{3,63}(?:\.[a-z0-9-]{2,63})*\.[a-z]{2,10}")


class PersonalValues(NamedTuple):
    """where: a condition of `PLACE`: a feature, or the kept model. many: of the values searched."""

    where: Condition
    kind: Code
    many: int
    of: int


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    train: Artifact,
    test: Artifact,
    onnx: Artifact | None = None,
    trial: Artifact | None = None,
) -> dict[str, Artifact]:
    """`findings`: each place with a kind of personal data, and how many values of it have the form."""
    takes = context.get_json(signature, Signature)
    parts = (_columns_in_reports(read(context, train)), _columns_in_reports(read(context, test)))
    rows = pl.concat(parts, how="diagonal_relaxed")
    found = [*in_rows(rows), *in_words(ANSWER, pl.Series(takes.classes, dtype=pl.String))]
    found += in_bytes(context.get(model))
    found += [] if onnx is None else in_graph(context.get(onnx))
    found += [] if trial is None else in_trial(context.get_json(trial, dict))
    looked = rows.width + 2 + (onnx is not None) + (trial is not None)
    print(f"personal data: {looked} places, {rows.height:,} rows, {len(found)} findings")
    return {"findings": context.put_json(findings(found, looked, rows.height))}


def findings(found: list[PersonalValues], looked: int, rows: int) -> Findings:
    figures = [Figure(metric=PLACES.metric, value=float(looked), rows=rows)]
    figures += [
        Figure(
            metric=PERSONAL_DATA.metric,
            value=float(each.many),
            rows=each.of,
            under=(each.where, *conditions(kind=each.kind())),
        )
        for each in found
    ]
    return Findings(figures=tuple(figures), rows=rows, of=rows)


def kept_columns(rows: pl.DataFrame) -> list[str]:
    """The columns beside the features that reports name values of."""
    return [name for name in rows.columns if name.startswith(KEPT)]


def _columns_in_reports(rows: pl.DataFrame) -> pl.DataFrame:
    """Features, and the columns beside them that reports name values of."""
    named = rows[[*feature_names(rows), *kept_columns(rows)]]
    return named.with_columns(pl.selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))


def in_rows(rows: pl.DataFrame) -> Iterator[PersonalValues]:
    """What stands in features and in the columns kept beside them."""
    for name in (*feature_names(rows), *kept_columns(rows)):
        plain = name.removeprefix(KEPT)
        where = Condition("feature" if plain == name else "column", plain)
        if plain == name and named_like_it(plain):
            yield PersonalValues(where, codes.BY_ITS_NAME, 1, 1)
        values = rows[name]
        if values.dtype in (pl.String, pl.Categorical, pl.Enum):
            yield from in_words(where, values.cast(pl.String))
        elif values.dtype.is_numeric():
            yield from in_numbers(where, values)


def in_words(where: Condition, values: pl.Series) -> Iterator[PersonalValues]:
    """values: texts. Each kind is looked for anywhere in them."""
    texts = values.drop_nulls().unique(maintain_order=True).head(DISTINCT).str.slice(0, LONGEST)
    for kind in KINDS:
        form = texts.filter(texts.str.contains(kind.form))
        if form.len():
            yield from _enough(where, kind, form.to_list(), texts.len(), FEWEST)


def in_numbers(where: Condition, values: pl.Series) -> Iterator[PersonalValues]:
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


def in_bytes(data: bytes) -> list[PersonalValues]:
    """Addresses and IBANs in the kept model: in the members of an archive, or in the bytes themselves."""
    held = data[data.find(b"\n") + 1 :]
    if not held.startswith(b"PK"):
        return _in_parts(MODEL, [held])
    with zipfile.ZipFile(io.BytesIO(held)) as archive:
        return _in_parts(MODEL, [archive.read(name) for name in archive.namelist()])


def in_graph(data: bytes) -> list[PersonalValues]:
    """The same in the exported graph, which holds the words that the model knows."""
    return _in_parts(GRAPH, [data])


def in_trial(trial: dict[str, Any]) -> Iterator[PersonalValues]:
    """What stands in the words of the trial rows. trial: `columns` and `rows`."""
    for place, name in enumerate(trial["columns"]):
        words = [row[place] for row in trial["rows"] if isinstance(row[place], str)]
        yield from in_words(Condition("trial_column", name), pl.Series(words, dtype=pl.String))


def _in_parts(where: Condition, parts: Iterable[bytes]) -> list[PersonalValues]:
    texts = [part[:BYTES] for part in parts]
    mails = {each for part in texts for each in IN_BYTES.findall(part)}
    bank = KINDS[1]
    form = re.compile(bank.form.encode())
    banks = {each for part in texts for each in form.findall(part) if bank.holds(each.decode())}
    found = {codes.EMAIL: len(mails), bank.name: len(banks)}
    return [PersonalValues(where, name, many, many) for name, many in found.items() if many]


def _enough(where: Condition, kind: Kind, texts: list[str], of: int, fewest: int) -> Iterator[PersonalValues]:
    form = re.compile(kind.form)
    matches = [[each.group() for each in form.finditer(text)] for text in texts]
    held = sum(any(kind.holds(each) for each in found) for found in matches)
    if held and (kind.sure or (held >= fewest and held >= SHARE * len(matches))):
        yield PersonalValues(where, kind.name, held, of)
