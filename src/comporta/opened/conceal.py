"""Verdicts as a fact may hold them: each value of the data a keyed digest, its words an artifact beside.

A slice is called `carrier=AA`, and that may be a person's name or illness; a project's own check says what it
likes. A fact is for ever, an artifact can be deleted: then `#3fa2…` is shown, and everything still verifies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from blake3 import blake3
from msgspec.structs import replace

from comporta.errors import NotFound
from comporta.opened.project import OpenProject
from comporta.opened.removals import is_removed
from comporta.records import Artifact, Verdict, Version
from comporta.records.message import Message, Words
from comporta.registry import with_current_state
from comporta.store import StepContext

_DIGEST = re.compile(r"#[0-9a-f]{32}")
_SHOWN = 12
_MISSING = " (words missing)"


def conceal(verdict: Verdict, key: bytes) -> tuple[Verdict, dict[str, str]]:
    """The verdict with a keyed digest for its slice, for each `Words` in its messages and for a sentence that
    is no message; and the words: digest → text. Pure; what is concealed already stays as it is.

    key: 32 bytes, of the content of this project.
    """
    words: dict[str, str] = {}

    def digest(text: str) -> str:
        found = blake3(text.encode(), key=_derived(key)).digest(length=16).hex()
        words[found] = text
        return found

    def sentence(text: str) -> str:
        done = not text or (verdict.words is not None and _DIGEST.fullmatch(text))
        return text if done else f"#{digest(text)}"

    def of_data(value: Words) -> Words:
        return Words(digest=digest(value.text)) if value.text else value

    return _mapped(verdict, of_data, sentence), words


def reveal(verdict: Verdict, words: Mapping[str, str], absent: str = "") -> Verdict:
    """The verdict as it was judged. What is not among the words is shown by the start of its digest.

    absent: told behind that.
    """

    def sentence(text: str) -> str:
        if not _DIGEST.fullmatch(text):
            return text
        return words.get(text.removeprefix("#"), f"{text[: 1 + _SHOWN]}…{absent}")

    def of_data(value: Words) -> Words:
        gone = f"#{value.digest[:_SHOWN]}…{absent}" if absent else ""
        return Words(text=words.get(value.digest, gone), digest=value.digest)

    return _mapped(verdict, of_data, sentence)


def for_a_fact(context: StepContext, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts concealed, the words of each kept as an artifact of its own: equal ones are kept once."""
    made = []
    for verdict in verdicts:
        concealed, words = conceal(verdict, context.keys.content)
        made.append(replace(concealed, words=context.put_json(words)) if words else concealed)
    return tuple(made)


def words_of_both(context: StepContext, first: Verdict, second: Verdict) -> Artifact | None:
    """The words of a verdict that is put together of two, as far as they are still there."""
    found: dict[str, str] = {}
    every = list(dict.fromkeys(each for each in (first.words, second.words) if each is not None))
    if len(every) < 2:
        return next(iter(every), None)
    for each in every:
        try:
            found |= context.get_json(each, dict[str, str])
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


def revealed(opened: OpenProject, version: Version) -> Version:
    """The version as a reader wants it: in words, in the state that it is in today. It is never put into a
    fact."""
    verdicts = for_a_reader(
        opened.context, version.verdicts, lambda digest: is_removed(opened.ledger, digest)
    )
    return replace(with_current_state(opened.ledger, version), verdicts=verdicts)


def _for_a_reader(context: StepContext, verdict: Verdict, is_removed: Callable[[str], bool]) -> Verdict:
    if verdict.words is None:
        return verdict
    try:
        return reveal(verdict, context.get_json(verdict.words, dict[str, str]))
    except NotFound:
        return reveal(verdict, {}, "" if is_removed(verdict.words.digest) else _MISSING)


def _mapped(verdict: Verdict, of_data: Callable[[Words], Words], sentence: Callable[[str], str]) -> Verdict:
    """The verdict with each value of the data turned into something else: the slice, what messages hold, and
    a title and a reason that are no messages, which are somebody's own sentences and count as values as a
    whole. The check's id and a figure's metric are names, which a project declares in its source."""
    figure = verdict.figure
    texts = {name: getattr(verdict, name) for name in Verdict.__struct_fields__}
    said = {name: _within(text, of_data) for name, text in texts.items() if isinstance(text, Message)}
    for name in ("title", "reason"):
        if isinstance(text := texts[name], str):
            said[name] = sentence(text)
    return replace(verdict, figure=figure and replace(figure, slice=sentence(figure.slice)), **said)


def _within(value: Any, of_data: Callable[[Words], Words]) -> Any:
    if isinstance(value, Words):
        return of_data(value)
    if isinstance(value, tuple | list):
        return tuple(_within(each, of_data) for each in value)
    if isinstance(value, Message):
        return msgspec.structs.replace(
            value, values={name: _within(each, of_data) for name, each in value.values.items()}
        )
    return value


def _derived(key: bytes) -> bytes:
    """A key for words alone: an artifact's digest of the same bytes must not be the same."""
    return blake3(key, derive_key_context="comporta 2026-11 words").digest()
