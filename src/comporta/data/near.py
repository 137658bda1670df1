"""Subjects that may be one: what differs only in case, blanks, zeros in front, or how a letter is composed.

An erasure finds one of them and leaves the other; so they are counted, for somebody to decide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from unicodedata import normalize

from comporta.data.damage import reporting_damage
from comporta.data.keys import subject_texts
from comporta.data.manifests import manifest_of
from comporta.data.read import scan_slice
from comporta.errors import BadProject
from comporta.records import Record, Slice
from comporta.records.named_column import exact_column
from comporta.store import Keys, Store

LOOSER: Mapping[str, Callable[[str], str]] = {
    "blanks": lambda text: " ".join(text.split()),
    "case": str.casefold,
    "zeros in front": lambda text: text.lstrip("0") or "0" if text.isdigit() else text,
    "a decimal point": lambda text: re.sub(r"^([0-9]+)\.0+$", r"\1", text),
    "letters that look alike": lambda text: normalize("NFKC", text),
}
"""What two subjects may differ in → the text without it."""
SHOWN = 5


class NearSubject(Record, frozen=True, kw_only=True):
    """Subjects of a dataset that become one without a difference. pairs: how many, two by two. examples: a
    few of them; personal values, for the one who asked."""

    differs: str
    pairs: int
    examples: tuple[tuple[str, ...], ...]


class SubjectMatches(Record, frozen=True, kw_only=True):
    """count: distinct subjects in the declared form. spellings: ways they are written. near: what may be one,
    by what it differs in; `anything of these` is all of it at once."""

    dataset: str
    number: int
    form: str
    count: int
    spellings: int
    near: tuple[NearSubject, ...]


def find_subjects(store: Store, keys: Keys, slice: Slice) -> SubjectMatches:
    """The subjects of a version, and which of them may be one. Raises BadProject where it has none."""
    shape = manifest_of(store, keys, slice.dataset, slice.number).shape
    if shape.subject is None:
        raise BadProject(
            f"{slice.dataset}: found no subject, expected whom its rows are about: Dataset(subject=…)"
        )
    with reporting_damage(store, keys, slice.dataset):
        column = (
            scan_slice(store, keys, slice)
            .select(exact_column(shape.subject).alias("subject").unique())
            .collect()
            .to_series()
        )
    spelled = column.drop_nulls()
    texts = subject_texts(spelled, shape.form).unique().to_list()
    found = [_near(name, texts, without) for name, without in LOOSER.items()]
    found.append(_near("any of these", texts, _without_any))
    return SubjectMatches(
        dataset=slice.dataset,
        number=slice.number,
        form=shape.form,
        count=len(texts),
        spellings=len(spelled),
        near=tuple(each for each in found if each.pairs),
    )


def _near(name: str, texts: list[str], without: Callable[[str], str]) -> NearSubject:
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[without(text)].append(text)
    alike = sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in alike)
    return NearSubject(differs=name, pairs=pairs, examples=tuple(alike[:SHOWN]))


def _without_any(text: str) -> str:
    for without in LOOSER.values():
        text = without(text)
    return text
