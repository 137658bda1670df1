"""The language of messages: English stands beside each code, other languages are JSON files, read here.

A language is a file `<language>.json` in the folder `languages` beside this one: code → sentence, with the
names of the code's values in braces; so are the texts of the command line itself (`words`). What it lacks is
shown in English.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from comporta.errors import BadProject
from comporta.opened.sentences import Say, english, sentence
from comporta.records import Text, decode, say

FOLDER = Path(__file__).with_name("languages")
VARIABLE = "COMPORTA_LANGUAGE"


def language() -> Say:
    """Turns codes into sentences, in the language of COMPORTA_LANGUAGE. Raises BadProject on another."""
    name = _name()
    return translator(name, FOLDER) if name else sentence


def translations() -> Mapping[str, str]:
    """Code → text in the language of COMPORTA_LANGUAGE; empty where that is English, or is no language."""
    name = _name()
    try:
        return _read(name, FOLDER) if name else {}
    except BadProject:
        return {}  # who asks for a sentence is told


def _name() -> str:
    name = os.environ.get(VARIABLE, "")
    return "" if name == "en" else name


@cache
def translator(language: str, folder: Path = FOLDER) -> Say:
    """Turns codes into sentences of this language. Raises BadProject without such a file, or a valid one."""
    templates = {**english(), **_read(language, folder)}

    def translate(text: Text) -> str:
        return say(text, templates)

    return translate


@cache
def _read(language: str, folder: Path) -> Mapping[str, str]:
    file = folder / f"{language}.json"
    if not language.isalnum() or not file.is_file():
        there = ", ".join(sorted(["en", *(each.stem for each in folder.glob("*.json"))]))
        raise BadProject(f"{VARIABLE}: found {language!r}, expected one of: {there}.")
    try:
        return decode(file.read_bytes(), dict[str, str])
    except ValueError as fault:
        raise BadProject(f"{file}: found no sentences by code ({fault}).") from fault
