"""Text of strangers made visible: what would move a cursor, turn the writing or hide itself is written out.

A category, a name or a request's text can hold anything. Each medium has one door through which all text
leaves (the terminal: `cli/show.py`; pages: `report/escape.py`; Markdown: `report/markdown.py`), and every
door begins with this.
"""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters; those that turn the direction of writing or show nothing; lone halves of pairs."""


def visible(text: str, keep: str = "\n\t") -> str:
    r"""The text with each such character as its escape, `\x1b` or `\u202e`. keep: those that stay.

    Joiners (U+200C, U+200D) stay, for scripts and emoji need them.
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def visible_json(text: str) -> str:
    r"""JSON that means the same and is all visible: such characters as `\u` escapes, line breaks kept."""
    return _HIDDEN.sub(lambda found: found[0] if found[0] in "\n\t" else _json(found[0]), text)


def _escape(letter: str) -> str:
    if letter in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[letter]
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
