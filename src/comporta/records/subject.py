"""Whom a row is about, in one declared form: `123` and `"123"` are one, and so are two ways to write é.

The hash by which a subject's rows are placed, found and erased is of this form; two that differ are two.
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from unicodedata import normalize

from comporta.records.record import Record

Form = Literal["exact", "folded"]


class Subject(Record, frozen=True):
    """The column of the person or thing a row is about, and how its values are compared.

    column: whose values name the subjects.
    form: `exact`: as they are written, in Unicode's composed form (NFC); `folded`: without surrounding blanks
        and without case as well, for e-mail addresses and user names.
    kind: what they name. Everything of one kind has one form in a project, so that a subject of one table is
        found in all others.
    """

    column: str
    form: Form = "exact"
    kind: str = "subject"


def canonical(value: str | int | date, form: Form = "exact") -> str:
    """The one text of a subject: whole numbers in decimals, dates as ISO 8601, text in its form.

    >>> canonical(123), canonical(" Ana@Example.org ", "folded")
    ('123', 'ana@example.org')
    """
    text = value.isoformat() if isinstance(value, date) else str(value)
    if form == "folded":
        # Folding may leave letters apart from their accents: composed again at the end.
        text = normalize("NFC", text).casefold().strip()
    return text if text.isascii() else normalize("NFC", text)


def spellings(value: str | int, form: Form = "exact") -> tuple[str, ...]:
    """The texts under which a subject may have been placed: its own, and those of before forms were declared:
    as it was written here, composed and apart."""
    text, own = str(value), canonical(value, form)
    return tuple(dict.fromkeys((own, text, normalize("NFC", text), normalize("NFD", own))))
