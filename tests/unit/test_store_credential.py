"""A secret by reference: read where it is used, and shown nowhere."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from comporta.cli import main
from comporta.cli.init import make
from comporta.errors import BadProject, WrongKey
from comporta.project.settings import settings
from comporta.records import encode
from comporta.records.credential import mask, password_in, showable, without_password
from comporta.store import read_secret, resolve, store_config, with_password

SECRET = "pl4nted-s3cret-value"


def script(folder: Path, text: str) -> str:
    """A reference to a program that does this."""
    (folder / "tell.py").write_text(text)
    return f"command://{sys.executable} tell.py"


def references(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str = SECRET) -> list[str]:
    """The same secret behind each scheme."""
    monkeypatch.setenv("PLANTED", value)
    (folder / "kept").write_text(f"{value}\n")
    return ["env://PLANTED", "file://kept", script(folder, f"print({value!r})")]


def test_each_scheme_gives_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for reference in references(tmp_path, monkeypatch):
        assert resolve("x", reference, tmp_path).value == SECRET


def test_a_command_is_started_without_a_shell_and_its_first_line_counts(tmp_path: Path) -> None:
    reference = script(tmp_path, "import sys; print(' '.join(sys.argv[1:])); print('second')")
    assert resolve("x", f"{reference} 'a b' ; echo $HOME", tmp_path).value == "a b ; echo $HOME"


def test_a_secret_shows_itself_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", SECRET)
    found = resolve("x", "env://PLANTED", tmp_path)
    assert SECRET not in f"{found} {found!r}"
    with pytest.raises(TypeError):
        encode(found)
    assert mask(f"could not log in with {SECRET}.") == "could not log in with ***."


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env://COMPORTA_NO_SUCH_VARIABLE", "COMPORTA_NO_SUCH_VARIABLE is not set"),
        ("file://missing", "no such file"),
        ("file://.", "found what is no file"),
        ("command://no-such-program-here a b", "cannot be started"),
        ("command://sh -c 'x", "a quote that is not closed"),
        ("command://false", "ended with exit code 1"),
        ("command://true", "found nothing in it"),
        ("vault://x", "expected env://NAME, file://PATH or command://PROGRAM"),
        ("env://", "expected env://NAME"),
        (SECRET, "found 20 characters that are no reference"),
    ],
)
def test_where_no_secret_is_found_it_is_told_without_showing_one(
    reference: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadProject) as error:
        resolve("ledger_password", reference, tmp_path)
    assert said in str(error.value)
    assert str(error.value).startswith("ledger_password")
    assert SECRET not in str(error.value)


def test_what_a_failing_command_writes_is_not_shown(tmp_path: Path) -> None:
    text = f"import sys; print({SECRET!r}); print({SECRET!r}, file=sys.stderr); sys.exit(3)"
    with pytest.raises(BadProject) as error:
        resolve("x", f"{script(tmp_path, text)} --token={SECRET}", tmp_path)
    assert "exit code 3" in str(error.value)
    assert SECRET not in str(error.value)
    assert showable(f"command://vault read {SECRET}") == "command://vault …"


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comporta.store.credential.SECONDS", 0.2)
    with pytest.raises(BadProject, match="gave no answer within"):
        resolve("x", "command://sleep 30", tmp_path)


def test_the_projects_key_is_read_by_each_scheme_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "c0ffee" * 10 + "beef"
    for reference in references(tmp_path, monkeypatch, key):
        assert read_secret(reference, tmp_path).hex() == key
    with pytest.raises(BadProject) as error:
        read_secret(key, tmp_path)  # the key itself where a reference stands
    assert "c0ffee" not in str(error.value)
    with pytest.raises(WrongKey):
        read_secret("command://false", tmp_path)


def test_a_ledgers_password_comes_from_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", "p@ss/w:rd")
    given = with_password("postgresql://me@db:5432/x", "env://PLANTED", tmp_path)
    assert given == "postgresql://me:p%40ss%2Fw%3Ard@db:5432/x"
    bare = with_password("postgresql:///x?host=/run", "env://PLANTED", tmp_path)
    assert bare == "postgresql://:p%40ss%2Fw%3Ard@/x?host=/run"
    assert with_password("sqlite:///x.db", "env://NOT_ASKED", tmp_path) == "sqlite:///x.db"
    with pytest.raises(BadProject, match="a password in its URL and ledger_password too"):
        with_password("postgresql://me:other@db/x", "env://PLANTED", tmp_path)


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("postgresql://me:pw@db/x", "postgresql://me:***@db/x"),
        ("postgresql://me:p@w:d@db/x", "postgresql://me:***@db/x"),
        ("postgresql://me@db:5432/x", "postgresql://me@db:5432/x"),
        ("postgresql://db/x?user=me&password=pw&host=h", "postgresql://db/x?user=me&password=***&host=h"),
        ("https://a.b/c?sig=abc", "https://a.b/c?sig=***"),
        ("postgresql://u@db/x?pass%77ord=pw", "postgresql://u@db/x?pass%77ord=***"),
        ("postgresql://host=1 password=pw", "postgresql://host=***"),
        ("postgresql://password='p w' host=1", "postgresql://password=***"),
        ("postgresql://host=1&x=2 password=pw", "postgresql://host=1&x=***"),
        ("sqlite:///ledger.db", "sqlite:///ledger.db"),
        ("s3://bucket/team/project", "s3://bucket/team/project"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, there: str) -> None:
    assert without_password(url) == there
    assert bool(password_in(url)) == ("//me:***" in there)


@pytest.mark.parametrize(
    "text",
    [
        '{"AWS_ACCESS_KEY_ID": "the-key-id", "AWS_REGION": "eu-west-1"}',
        "# from the vault\nAWS_ACCESS_KEY_ID=the-key-id\nexport AWS_REGION='eu-west-1'\n",
    ],
)
def test_an_object_stores_credentials_are_json_or_lines(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept").write_text(text)
    assert store_config("file://kept", tmp_path) == {
        "AWS_ACCESS_KEY_ID": "the-key-id",
        "AWS_REGION": "eu-west-1",
    }
    assert mask("the-key-id in eu-west-1") == "*** in eu-west-1"


def test_credentials_of_no_known_form_are_refused_unseen(tmp_path: Path) -> None:
    for text in (SECRET, f'{{"a": ["{SECRET}"]}}', f"={SECRET}"):
        (tmp_path / "kept").write_text(text)
        with pytest.raises(BadProject) as error:
            store_config("file://kept", tmp_path)
        assert "NAME=VALUE" in str(error.value)
        assert SECRET not in str(error.value)
    assert store_config("", tmp_path) == {}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@127.0.0.1:1/db?password=hunter2hunter2",
        "postgresql://u@127.0.0.1:1/db?connect_timeout=1&pass%77ord=hunter2hunter2",
        "postgresql://u@127.0.0.1:1/db?sslpassword=hunter2hunter2",
        "postgresql://u@/db?host=127.0.0.1&port=1&password=hunter2%68unter2",
        "postgresql://host=127.0.0.1 port=1 password=hunter2hunter2",
        "postgresql://u:hunter2hunter2@127.0.0.1:1/db",
    ],
)
@pytest.mark.parametrize("command", [["runs"], ["audit", "verify"], ["check"], ["key", "import"]])
def test_a_password_anywhere_in_the_ledgers_url_is_never_shown(
    tmp_path: Path,
    url: str,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("psycopg")
    make(tmp_path, "shop")
    monkeypatch.setenv("COMPORTA_LEDGER", url)
    (tmp_path / "kept").write_text((tmp_path / "comporta.key").read_text())
    words = [*command, *([str(tmp_path / "kept")] if command == ["key", "import"] else [])]
    assert main([*words, "--project", str(tmp_path)]) != 0
    told = capsys.readouterr()
    assert "ledger" in told.out + told.err
    assert "hunter2" not in told.out + told.err


def test_a_value_of_a_wrong_kind_in_the_settings_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "comporta.toml").write_text(f'ledger_password = ["{SECRET}"]\n')
    with pytest.raises(BadProject) as error:
        settings(tmp_path, {})
    assert str(error.value) == "comporta.toml: ledger_password: found a list, expected text in quotes."


def waits(seconds: float) -> str:
    """A program's text: it leaves a child behind that holds its pipe for so long."""
    return (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep({seconds})'])\n"
        "open('child', 'w').write(str(child.pid))\n"
    )


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_that_leaves_a_child_behind_is_not_waited_for_and_the_child_is_ended(
    tmp_path: Path,
) -> None:
    began = time.monotonic()
    assert resolve("x", script(tmp_path, f"{waits(60)}print({SECRET!r})"), tmp_path).value == SECRET
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    while is_running(child) and time.monotonic() - began < 20:
        time.sleep(0.05)
    assert not is_running(child)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("while True: print('y' * 9999)", "found more than 64 KiB"),
        ("print('y' * 65536)", "found more than 64 KiB"),
        ("import os, time; os.close(1); time.sleep(60)", "gave no answer within"),
        (f"{waits(60)}import time; time.sleep(60)", "gave no answer within"),
        ("import time\nwhile True: print(1, flush=True); time.sleep(0.01)", "gave no answer within"),
    ],
)
def test_a_command_is_bounded_in_time_and_size(
    tmp_path: Path, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comporta.store.credential.SECONDS", 2.0)
    began = time.monotonic()
    with pytest.raises(BadProject, match=said):
        resolve("x", script(tmp_path, text), tmp_path)
    assert time.monotonic() - began < 10


def test_a_command_may_write_64_kib(tmp_path: Path) -> None:
    found = resolve("x", script(tmp_path, "print('y' * 65535)"), tmp_path)
    assert found.value == "y" * 65535


def test_a_file_is_read_only_if_it_is_one_and_short(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_bytes(b"y" * 65537)
    for path, said in (
        ("/dev/zero", "found what is no file"),
        ("pipe", "found what is no file"),
        ("long", "found more than 64 KiB"),
    ):
        with pytest.raises(BadProject, match=said):
            resolve("x", f"file://{path}", tmp_path)
    (tmp_path / "long").write_bytes(b"y" * 65536)
    assert resolve("x", "file://long", tmp_path).value == "y" * 65536
