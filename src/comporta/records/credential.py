"""A secret in this process's hands: it has a value, and nothing that shows it does so by itself."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

SHORTEST_HIDDEN = 6
HIDDEN = "***"

# In this process only, for `mask`: whatever was read as a secret is looked for before anything is shown.
_read: set[str] = set()


class Credential:
    """reference: what `comporta.toml` holds, such as `env://NAME`; it may be shown. value: never is.

    No record: it cannot be written as JSON, and its text is the reference.
    """

    __slots__ = ("reference", "value")

    def __init__(self, reference: str, value: str) -> None:
        self.reference, self.value = reference, value
        hide(value)

    def __repr__(self) -> str:
        return f"Credential({showable(self.reference)!r})"


def hide(value: str) -> None:
    """From now on `mask` hides this value. One of a few letters would hide half of every sentence."""
    if len(value) >= SHORTEST_HIDDEN:
        _read.add(value)


def mask(text: str) -> str:
    """The text, `***` in place of every secret that this process has read."""
    for value in sorted(_read, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def showable(reference: str) -> str:
    """What of a reference may be shown: of a command only its program, of what is no reference nothing, for
    somebody may have written the secret itself."""
    scheme, separator, rest = reference.partition("://")
    if not separator or scheme not in ("env", "file", "command"):
        return f"{len(reference)} characters that are no reference"
    if scheme == "command":
        program, *arguments = rest.split(maxsplit=1) or [""]
        return f"command://{program}{' …' if arguments else ''}"
    return reference


_USER = re.compile(
    r"(?P<before>[a-z][a-z0-9+.-]*://[^:/@?#]*:)(?P<password>.*)(?P<after>@[^@]*)", re.I | re.S
)
# A parameter of a URL, or of a driver's own form such as `host=db password=…`; a value ends at the next `&`.
_PARAMETER = re.compile(r"(?P<before>[?&\s/;])(?P<name>[^=&\s/?;]+)(?P<equals>\s*=\s*)(?P<value>[^&]*)")
_SECRET = re.compile(r"(?i)password|passwd|pwd|secret|token|sig|credential")


def password_in(url: str) -> str:
    """The password that stands in a URL, or empty."""
    found = _USER.match(url)
    return found["password"] if found else ""


def secrets_in(url: str) -> tuple[str, ...]:
    """Every secret that stands in a URL, as written and as it is meant: its password, and parameters."""
    found = [password_in(url), *(each["value"] for each in _PARAMETER.finditer(url) if _tells(each))]
    return tuple(form for each in found if each for form in {each, unquote(each), unquote_plus(each)})


def without_password(url: str) -> str:
    """The URL as it may be shown: `***` in place of its password, and of secrets among its parameters."""
    found = _USER.match(url)
    bare = f"{found['before']}{HIDDEN}{found['after']}" if found and found["password"] else url
    return _PARAMETER.sub(
        lambda each: (
            f"{each['before']}{each['name']}{each['equals']}{HIDDEN if _tells(each) else each['value']}"
        ),
        bare,
    )


def shown_url(url: str) -> str:
    """The URL as an error may show it; of what is none only its length, for it may be all secret."""
    return repr(without_password(url)) if "://" in url else f"{len(url)} characters without ://"


def _tells(parameter: re.Match[str]) -> bool:
    # The name may be written in percent signs; and a driver takes more parameters after a blank.
    return bool(_SECRET.search(unquote(parameter["name"])) or _SECRET.search(unquote(parameter["value"])))
