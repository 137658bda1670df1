"""The language of messages: English stands beside each code, other languages are JSON files, read here.

A language is a file `<language>.json` in the folder `languages` beside this one: code → sentence, with the
names of the code's values in braces. Codes that it lacks are shown in English.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from comporta.errors import BadProject
from comporta.opened.sentences import Say, english, sentence
from comporta.records import Text, decode, say

FOLDER = Path(__file__).with_name("languages")
VARIABLE = "COMPORTA_LANGUAGE"


def language() -> Say:
    """Turns codes into sentences, in the language of COMPORTA_LANGUAGE. Raises BadProject on another."""
    asked = os.environ.get(VARIABLE, "")
    return sentence if asked in ("", "en") else translator(asked)


@cache
def translator(language: str, folder: Path = FOLDER) -> Say:
    """Turns codes into sentences of this language. Raises BadProject without such a file, or a valid one."""
    file = folder / f"{language}.json"
    if not language.isalnum() or not file.is_file():
        there = ", ".join(sorted(["en", *(each.stem for each in folder.glob("*.json"))]))
        raise BadProject(f"{VARIABLE}: found {language!r}, expected one of: {there}.")
    try:
        translated = decode(file.read_bytes(), dict[str, str])
    except ValueError as fault:
        raise BadProject(f"{file}: found no sentences by code ({fault}).") from fault
    templates = {**english(), **translated}

    def translate(text: Text) -> str:
        return say(text, templates)

    return translate
