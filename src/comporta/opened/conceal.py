"""Verdicts as a fact may hold them: each value of the data a keyed digest, its words an artifact beside.

The value of a slice may be a person's name or illness; a project's own check says what it
likes. A fact is for ever, an artifact can be deleted: then `#3fa2…` is shown, and everything still verifies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from blake3 import blake3
from msgspec.structs import replace

from comporta.errors import NotFound
from comporta.opened.people_seal import unknown_approvers
from comporta.opened.project import OpenProject
from comporta.opened.removals import is_removed
from comporta.records import (
    CONDITIONS,
    Artifact,
    Cell,
    Condition,
    Range,
    Rarer,
    SliceValue,
    Verdict,
    Version,
    encode,
    verdict_today,
)
from comporta.records.message import Message, Words
from comporta.registry import with_current_state
from comporta.store import StepContext

_DIGEST = re.compile(r"#[0-9a-f]{32}")
_SHOWN = 12
_MISSING = " (words missing)"


def conceal(verdict: Verdict, key: bytes) -> tuple[Verdict, dict[str, Cell]]:
    """The verdict with a keyed digest for each value of its slice, for each `Words` in its messages and for a
    sentence that is no message; and the words: digest → what it stands for. Pure; what is concealed already
    stays as it is.

    key: 32 bytes, of the content of this project.
    """
    words: dict[str, Cell] = {}

    def digest(data: bytes, value: Cell) -> str:
        found = blake3(data, key=_derive_key(key)).digest(length=16).hex()
        words[found] = value
        return found

    def sentence(text: str) -> str:
        done = not text or (verdict.words is not None and _DIGEST.fullmatch(text))
        return text if done else f"#{digest(text.encode(), text)}"

    def of_data(value: Words) -> Words:
        return Words(digest=digest(value.text.encode(), value.text)) if value.text else value

    def cell(value: Cell | Words) -> Cell | Words:
        return of_data(value) if isinstance(value, Words) else Words(digest=digest(encode(value), value))

    return _map_values(verdict, of_data, cell, sentence), words


def reveal(verdict: Verdict, words: Mapping[str, Cell], absent: str = "") -> Verdict:
    """The verdict as it was judged. What is not among the words is shown by the start of its digest.

    absent: told behind that.
    """

    def sentence(text: str) -> str:
        if not _DIGEST.fullmatch(text):
            return text
        return str(words.get(text.removeprefix("#"), f"{text[: 1 + _SHOWN]}…{absent}"))

    def of_data(value: Words) -> Words:
        gone = f"#{value.digest[:_SHOWN]}…{absent}" if absent else ""
        return Words(text=str(words.get(value.digest, gone)), digest=value.digest)

    def cell(value: Cell | Words) -> Cell | Words:
        if not isinstance(value, Words) or not value.digest:
            return value
        return words[value.digest] if value.digest in words else Words(digest=value.digest)

    return _map_values(verdict, of_data, cell, sentence)


def for_a_fact(context: StepContext, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts concealed, the words of each kept as an artifact of its own: equal ones are kept once."""
    made = []
    for verdict in verdicts:
        concealed, words = conceal(verdict, context.keys.content)
        made.append(replace(concealed, words=context.put_json(words)) if words else concealed)
    return tuple(made)


def words_of_both(context: StepContext, first: Verdict, second: Verdict) -> Artifact | None:
    """The words of a verdict that is put together of two, as far as they are still there."""
    found: dict[str, Cell] = {}
    every = list(dict.fromkeys(each for each in (first.words, second.words) if each is not None))
    if len(every) < 2:
        return next(iter(every), None)
    for each in every:
        try:
            found |= context.get_json(each, dict[str, Cell])
        except NotFound:
            continue
    return context.put_json(found)


def carried_on(context: StepContext, version: Version) -> Version:
    """The version as a new fact may hold it: what an older Comporta wrote out is concealed."""
    return replace(version, verdicts=for_a_fact(context, version.verdicts))


def for_a_reader(
    context: StepContext, verdicts: Sequence[Verdict], is_removed: Callable[[str], bool]
) -> tuple[Verdict, ...]:
    """The verdicts as they were judged, as far as their words are still there. is_removed: whether an
    artifact of this digest was deleted on purpose; words that are gone otherwise are told as missing."""
    return tuple(_for_a_reader(context, each, is_removed) for each in verdicts)


def reveal_version(opened: OpenProject, version: Version) -> Version:
    """The version as a reader wants it: in words, in the state that it is in today. It is never put into a
    fact."""
    verdicts = for_a_reader(
        opened.context, version.verdicts, lambda digest: is_removed(opened.ledger, digest)
    )
    unknown_to = partial(unknown_approvers, opened.store, opened.keys)
    return replace(with_current_state(opened.ledger, version, unknown_to), verdicts=verdicts)


def _for_a_reader(context: StepContext, verdict: Verdict, is_removed: Callable[[str], bool]) -> Verdict:
    if verdict.words is None:
        return verdict_today(verdict)
    try:
        return verdict_today(reveal(verdict, context.get_json(verdict.words, dict[str, Cell])))
    except NotFound:
        gone = "" if is_removed(verdict.words.digest) else _MISSING
        return verdict_today(reveal(verdict, {}, gone))


def _map_values(
    verdict: Verdict,
    of_data: Callable[[Words], Words],
    cell: Callable[[Cell | Words], Cell | Words],
    sentence: Callable[[str], str],
) -> Verdict:
    """The verdict with each value of the data turned into something else: the values of the slice, what
    messages hold, and a title and a reason that are no messages, which are somebody's own sentences and count
    as values as a whole. The check's id, a figure's metric and the columns of its slice are names, which a
    project declares in its source."""
    texts = {name: getattr(verdict, name) for name in Verdict.__struct_fields__}
    said = {name: _within(text, of_data) for name, text in texts.items() if isinstance(text, Message)}
    for name in ("title", "reason"):
        if isinstance(text := texts[name], str):
            said[name] = sentence(text)
    figure = verdict.figure
    if figure is not None:
        figure = replace(
            figure,
            slice=sentence(figure.slice),
            where=tuple(Condition(each.name, _of_slice(each.value, cell)) for each in figure.where),
            against=tuple(Condition(each.name, _of_slice(each.value, cell)) for each in figure.against),
            under=tuple(_condition(each, cell) for each in figure.under),
        )
    return replace(verdict, figure=figure, **said)


def _condition(under: Condition, cell: Callable[[Cell | Words], Cell | Words]) -> Condition:
    """What is told of how it was measured; of a function of the project the whole value is concealed."""
    known = under.name in CONDITIONS and not isinstance(under.value, Words)
    return under if known else Condition(under.name, _of_slice(under.value, cell))


def _of_slice(value: SliceValue, cell: Callable[[Cell | Words], Cell | Words]) -> SliceValue:
    if isinstance(value, Range):
        low, high = (None if end is None else cell(end) for end in (value.low, value.high))
        return Range(low=low, high=high)
    if isinstance(value, Message):
        return replace(value, values=_within(value.values, cell))
    return value if isinstance(value, Rarer) else cell(value)


def _within(value: Any, of_data: Callable[[Words], Cell | Words]) -> Any:
    if isinstance(value, Words):
        return of_data(value)
    if isinstance(value, dict):
        return {name: _within(each, of_data) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_within(each, of_data) for each in value)
    if isinstance(value, Message):
        return replace(value, values=_within(value.values, of_data))
    return value


def _derive_key(key: bytes) -> bytes:
    """A key for words alone: an artifact's digest of the same bytes must not be the same."""
    return blake3(key, derive_key_context="comporta 2026-11 words").digest()
