"""What is said, kept as a code and its values; the sentence is made where somebody reads it.

A code is declared once, its English sentence beside it:

    TOO_FEW = code("scores.too_few_rows", "{rows:,} rows, at least {least} expected", rows=int, least=int)
    missing = TOO_FEW(rows=12, least=30)            # what is stored: the code, and 12 and 30
    say(missing, templates)                         # "12 rows, at least 30 expected"

The code's id and the names of its values never change once released; the sentence may, in any language, and
nothing that was computed counts as computed otherwise for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from types import ModuleType
from typing import TYPE_CHECKING, Any, Union

from comporta.records.record import Record

if TYPE_CHECKING:

    class PlainText:
        """A sentence of an older Comporta, or of a project's own check: shown as it is."""

        def __init__(self, text: str) -> None: ...

else:
    # Stored as JSON text: it is one, and for the type checker alone it has no methods.
    PlainText = str


class Words(Record, frozen=True, tag="words"):
    """A value of the data, as a person reads it: `carrier=AA`. In a fact its keyed digest stands for it."""

    text: str = ""
    digest: str = ""


Item = Union[str, int, float, bool, None, Words, "PlainText", "Message"]
MessageValue = Union[str, int, float, bool, None, Words, "PlainText", "Message", tuple[Item, ...]]


class Message(Record, frozen=True, tag="message"):
    """code: as declared. values: by the names that its declaration gives.

    A plain `str` among them is a name that the project declared (a column, a metric, a check) or a word of
    Comporta's; what comes from the data is `Words`, so that no fact needs to hold it.
    """

    code: str
    values: dict[str, MessageValue] = {}


NUMBER = (int, float)
"""What a number in a message may be."""

Text = Message | PlainText
"""What people read. Nothing is found out from it: for the type checker it has no method of a text."""

Say = Callable[[Text], str]
"""What makes a sentence of a text, in the language of who reads."""

NO_TEXT = PlainText("")


_NAMED = ("metric.", "table.", "column.")
"""What a check from elsewhere names: its metrics, tables and columns have no words but their names."""


class Code:
    """A declared code; called with its values, the message. template: the English sentence, with `{name}` and
    format specifications for numbers. values: name → its type, or several."""

    __slots__ = ("id", "template", "values")

    def __init__(self, id: str, template: str, values: Mapping[str, Any]) -> None:
        asked = {name for name in fields_of(template) if name}
        if not asked <= values.keys():
            raise ValueError(f"code {id}: its sentence names {sorted(asked - values.keys())}, not declared.")
        self.id, self.template, self.values = id, template, dict(values)

    def __call__(self, **values: MessageValue) -> Message:
        """Raises TypeError on a value that is not declared, or of another type."""
        if values.keys() != self.values.keys():
            raise TypeError(f"code {self.id}: found {sorted(values)}, expected {sorted(self.values)}.")
        for name, value in values.items():
            if not isinstance(value, self.values[name]):
                raise TypeError(f"code {self.id}: {name} is of type {type(value).__name__}.")
        return Message(self.id, values)


def code(id: str, template: str, /, **values: Any) -> Code:
    """Declares a code: `code("scores.too_few_rows", "{rows} rows", rows=int)`. A value that may be a message
    of another code or an older sentence is of type `Text`; one of several is a tuple, which `{name: and }`
    joins by what stands behind the colon."""
    return Code(id, template, values)


def codes_in(*modules: ModuleType) -> dict[str, str]:
    """Id → English sentence, of the codes that these modules declare. Raises ValueError where two share an
    id."""
    found: dict[str, Code] = {}
    for module in modules:
        for held in vars(module).values():
            if isinstance(held, Code) and found.setdefault(held.id, held) is not held:
                raise ValueError(f"two codes are called {held.id!r}. Rename one.")
    return {id: held.template for id, held in found.items()}


def fields_of(template: str) -> Iterable[str]:
    """The names of the values that a sentence shows."""
    return [name for _, name, _, _ in Formatter().parse(template) if name is not None]


def say(text: Text, templates: Mapping[str, str]) -> str:
    """The sentence. templates: code → sentence in the reader's language. A code that is not among them is
    shown with its values, so that nothing is lost to who reads with an older Comporta; so is one whose
    sentence asks for other values than there are."""
    if not isinstance(text, Message):
        return str(text)
    template = templates.get(text.code)
    said = {name: _show(value, templates) for name, value in text.values.items()}
    if template is not None:
        try:
            return template.format(**said)
        except (
            LookupError,
            ValueError,
            TypeError,
        ):  # a sentence of another release or a mistaken translation
            pass
    told = ", ".join(f"{name}={value}" for name, value in said.items())
    code = text.code
    for named in _NAMED:
        code = code.removeprefix(named)
    return f"{code} ({told})" if told else code


def _show(value: MessageValue, templates: Mapping[str, str]) -> Any:
    if isinstance(value, Message):
        return say(value, templates)
    if isinstance(value, Words):
        return value.text or f"#{value.digest[:12]}"
    if isinstance(value, tuple | list):
        return _List(str(_show(each, templates)) for each in value)
    return _Absent() if value is None else value


def in_codes(text: Text) -> str:
    """The code with its values, for whoever has no sentences at hand; an older sentence as it is."""
    return say(text, {})


class _List(list[str]):
    """Several values in a sentence: `{columns}` joins them by commas, `{columns: and }` by that word."""

    def __str__(self) -> str:
        return ", ".join(self)

    def __format__(self, between: str) -> str:
        return (between or ", ").join(self)


class _Absent:
    """A number that is none, whatever format its sentence asks for: JSON has no NaN."""

    def __str__(self) -> str:
        return "no number"

    def __format__(self, _: str) -> str:
        return str(self)
