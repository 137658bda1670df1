"""Secrets by reference: `env://NAME`, `file://PATH`, `command://PROGRAM ARGUMENTS`, wherever one is needed.

Settings, the ledger and the store hold references; what they stand for is read when it is used, by `resolve`.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from comporta.errors import BadProject, ComportaError
from comporta.records.credential import Credential, hide, password_in, secrets_in, showable
from comporta.store.command import output_of
from comporta.store.urls import file_path

SECONDS = 10.0
LONGEST = 64 * 1024
SCHEMES = "env://NAME, file://PATH or command://PROGRAM"
_PUT = "Put it there."
_SECRET_NAMES = ("key", "secret", "token", "password", "credential", "sas", "sig")


def resolve(
    what: str,
    reference: str,
    root: Path,
    *,
    expected: str = "a secret",
    advice: Mapping[str, str] = {},
    error: type[ComportaError] = BadProject,
    whole: bool = False,
) -> Credential:
    """The secret behind a reference. what: the setting that holds it, as errors call it.

    A command runs without a shell, in `root`, for at most 10 seconds; what it leaves running ends with it. At
    most 64 KiB are read. whole: all of its output, or of the file; else the first line. expected: what it
    should be. advice: scheme, or `empty` → what to do where nothing is there.
    Raises BadProject on what is no reference; `error` where there is no secret behind it. No error shows a
    value, nor what a command wrote to its standard error, which may hold one.
    """
    scheme, separator, rest = reference.partition("://")
    where = f"{what} {showable(reference)}"
    if not separator or not rest or scheme not in ("env", "file", "command"):
        raise BadProject(f"{what}: found {showable(reference)}, expected {SCHEMES}.")
    if scheme == "env":
        text = os.environ.get(rest, "")
        if not text:  # what a CI system gives for a secret that a job may not have
            raise error(
                f"{where}: the environment variable {rest} is not set. {advice.get('env', 'Set it.')}"
            )
    elif scheme == "file":
        text = _file(where, reference, root, advice, error)
    else:
        text = _output(where, rest, root, error)
    value = text.strip() if whole else text.strip().partition("\n")[0].strip()
    if not value:
        raise error(f"{where}: found nothing in it, expected {expected}. {advice.get('empty', _PUT)}")
    return Credential(reference, value)


def open_to_others(reference: str, root: Path) -> Path | None:
    """The file of this reference, where users beside its owner and group may read or change it; else None."""
    if not reference.startswith("file://"):
        return None
    path = file_path(reference, root)
    try:
        return path if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH) else None
    except OSError:
        return None


def with_password(url: str, reference: str, root: Path) -> str:
    """A database's URL with the password that this reference stands for, if there is one.

    Raises BadProject, also where the URL holds a password already.
    """
    for secret in secrets_in(url):
        hide(secret)
    scheme, _, rest = url.partition("://")
    if not reference or not scheme.startswith("postgres"):
        return url
    if password_in(url):
        raise BadProject(
            "ledger: found a password in its URL and ledger_password too, expected one. Take the first out."
        )
    password = resolve("ledger_password", reference, root).value
    host, slash, path = rest.partition("/")
    user, at, address = host.rpartition("@")
    quoted = quote(password, safe="")
    hide(quoted)
    return f"{scheme}://{user}:{quoted}@{address if at else host}{slash}{path}"


def store_config(reference: str, root: Path) -> dict[str, str]:
    """What an object store is opened with: JSON, or a line `NAME=VALUE` each, behind this reference.

    Raises BadProject.
    """
    if not reference:
        return {}
    text = resolve("store_credentials", reference, root, whole=True).value
    try:
        config = _parse_pairs(text)
    except (ValueError, msgspec.MsgspecError):
        raise BadProject(
            f"store_credentials {showable(reference)}: found neither JSON of names and texts nor lines "
            "NAME=VALUE, expected one of them, such as AWS_ACCESS_KEY_ID=…"
        ) from None
    for name, value in config.items():
        if any(word in name.lower() for word in _SECRET_NAMES):
            hide(value)
    return config


def _parse_pairs(text: str) -> dict[str, str]:
    if text.startswith("{"):
        return msgspec.json.decode(text, type=dict[str, str])
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pairs = [line.removeprefix("export ").partition("=") for line in lines]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise ValueError("a line without a name and a value")
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def _file(
    where: str, reference: str, root: Path, advice: Mapping[str, str], error: type[ComportaError]
) -> str:
    try:
        # A pipe that nobody writes to would be waited for, were it opened as a file is.
        descriptor = os.open(file_path(reference, root), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise error(f"{where}: found what is no file, expected one. Correct the path.")
            data = os.read(descriptor, LONGEST + 1)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        raise error(f"{where}: no such file. {advice.get('file', 'Correct the path.')}") from None
    except OSError as fault:
        raise error(f"{where}: cannot be read ({fault.strerror}). Correct its permissions.") from None
    return _short(data, where, error)


def _output(where: str, command: str, root: Path, error: type[ComportaError]) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        raise error(f"{where}: found a quote that is not closed. Close it.") from None
    try:
        done = output_of(words, root, seconds=SECONDS, longest=LONGEST)
    except TimeoutError:
        raise error(f"{where}: gave no answer within {SECONDS:g} s. Run it by hand to see why.") from None
    except OSError as fault:
        raise error(f"{where}: cannot be started ({fault.strerror}). Correct the program's name.") from None
    text = _short(done.output, where, error)
    if done.code:
        raise error(f"{where}: ended with exit code {done.code}. Run it by hand to see why.")
    return text


def _short(data: bytes, where: str, error: type[ComportaError]) -> str:
    if len(data) > LONGEST:
        raise error(f"{where}: found more than {LONGEST // 1024} KiB, expected a secret. Name another.")
    return data.decode("utf-8", "replace")
