"""What a message must be: every code in it declared, every value shown, one line."""

from __future__ import annotations

from collections.abc import Iterator

from comporta.opened.sentences import english, sentence
from comporta.records import Figure, Message, Text, UnmeasuredFigure, place_in_words, say
from comporta.records.message import MessageValue, fields_of


def render(text: Text) -> str:
    """The English sentence of a text. Raises AssertionError on a code that nobody declared, on a value that
    its sentence asks for and that is not there, and on more than one line."""
    templates = english()
    for message in _messages(text):
        assert message.code in templates, f"nobody declares the code {message.code!r}"
        asked = {name for name in fields_of(templates[message.code]) if name}
        assert asked <= message.values.keys(), f"{message.code}: {asked - message.values.keys()} is not there"
    said = say(text, templates)
    assert said.strip() == said and len(said.splitlines()) == 1, said
    assert not any(f"{message.code} (" in said for message in _messages(text)), f"{said!r} cannot be said"
    return said


def _messages(value: MessageValue) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
        for each in value.values.values():
            yield from _messages(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _messages(each)


def slice_text(of: Figure | UnmeasuredFigure) -> str:
    """Of which rows and under which conditions it was measured, in English: `carrier=AA`."""
    return place_in_words(of, sentence)
