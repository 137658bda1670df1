"""Numbers as people write them in CSV files: which sign sets decimals off, and which sets thousands apart."""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from comporta.records.named_column import exact_column

_DECIMALS = (".", ",")
_BLANKS = (" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}")
_MARKS = ("", ",", ".", "'", "\N{RIGHT SINGLE QUOTATION MARK}", *_BLANKS)
_NO_NUMBER = "?"


class NumberStyle(NamedTuple):
    """How numbers are written. decimal: the sign before decimals. thousands: the mark between groups of
    digits; empty: none."""

    decimal: str = "."
    thousands: str = ""

    @property
    def pattern(self) -> str:
        """A regular expression of the numbers that are written so, with marks or without."""
        whole, sign = r"\d+", re.escape(self.decimal)
        if self.thousands:
            # Of two digits too: 12,34,567 is a number in India.
            mark = re.escape(self.thousands)
            whole = rf"(?:\d+|\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}})"
        return rf"^[+-]?(?:{whole}(?:{sign}\d*)?|{sign}\d+)(?:[eE][+-]?\d+)?$"

    @property
    def example(self) -> str:
        """A number that is written so."""
        return f"1{self.thousands}234{self.decimal}5"

    def plain(self, text: str) -> str:
        """A number that is written so, as a program writes it."""
        return text.replace(self.thousands, "").replace(self.decimal, ".")

    def type_of(self, texts: pl.Series) -> pl.DataType | None:
        """The type that holds these texts as numbers; None where some are none that is written so."""
        if not texts.str.contains(self.pattern).all():
            return None
        whole = not texts.str.contains(f"[eE{re.escape(self.decimal)}]").any()
        return pl.Int64() if whole else pl.Float64()

    def parse(self, column: str, dtype: pl.DataType, *, strict: bool) -> pl.Expr:
        """A column of such texts as numbers. strict: another text is an error of polars', else it is null."""
        text = exact_column(column)
        digits = text.str.replace_all(self.thousands, "", literal=True) if self.thousands else text
        plain = digits.str.replace(self.decimal, ".", literal=True)
        right = text.str.contains(self.pattern) | text.is_null()
        said = pl.when(right).then(plain).otherwise(pl.lit(_NO_NUMBER))
        return said.cast(dtype, strict=strict).alias(column)


def styles_of(texts: pl.Series, usual: NumberStyle) -> list[NumberStyle]:
    """In which styles all of these texts are numbers: those whose signs occur, the usual decimal sign first.

    Groups of digits that blanks set apart are numbers only where some have decimals: else they may be codes.
    """
    found = []
    for decimal in sorted(_DECIMALS, key=lambda each: each != usual.decimal):
        for mark in _MARKS:
            style = NumberStyle(decimal, mark)
            if mark == decimal or not texts.str.contains(style.pattern).all():
                continue
            decimals = texts.str.contains(decimal, literal=True).any()
            if mark and not texts.str.contains(mark, literal=True).any():
                continue
            if decimals or (mark and mark not in _BLANKS):
                found.append(style)
    return found


def are_numbers(texts: pl.Series) -> bool:
    """Whether each of these texts is a number in some style, though perhaps not all in one."""
    every = "|".join(
        NumberStyle(decimal, mark).pattern
        for decimal in _DECIMALS
        for mark in ("", *_DECIMALS)
        if mark != decimal
    )
    return bool(texts.str.contains(every).all())
