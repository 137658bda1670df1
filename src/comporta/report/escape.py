"""The one door of text into a page or a picture."""

from __future__ import annotations

from html import escape as _escape

from comporta.records.visible import visible


def escape(text: str) -> str:
    """The text as HTML or SVG shows it, for an element or a quoted attribute: it ends neither, nor hides."""
    return _escape(visible(text), quote=True)
