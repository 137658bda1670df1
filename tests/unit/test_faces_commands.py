import inspect
from importlib import import_module
from itertools import pairwise

import pytest

from comporta.cli import main
from comporta.cli.commands import COMMANDS, NOUNS, page


def function(command):
    where, _, name = command.target.partition(":")
    return getattr(import_module(f"comporta.cli.{where}"), name)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_a_documented_function(command):
    said = inspect.getdoc(function(command))
    assert said is not None and said.partition("\n")[0].endswith((".", ":"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_that_prints_results_takes_json(command):
    acts = {"init", "serve", "up", "key export", "key import"}
    assert ("json" in inspect.signature(function(command)).parameters) == (command.name not in acts)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_tells_its_options(command, capsys):
    assert main([*command.name.split(), "--help"]) == 0
    assert f"Usage: comporta {command.name}" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_breaks_its_lines_where_the_terminal_ends_and_nowhere_else(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main([*command.name.split(), "--help"]) == 0
    lines = capsys.readouterr().out.partition("╭")[0].splitlines()
    assert max(map(len, lines)) <= 100
    for line, after in pairwise(lines):
        assert not after.strip() or not line.strip() or len(f"{line.rstrip()} {after.split()[0]}") > 99


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_alone_lists_its_verbs_with_a_line_each(noun, capsys):
    assert main([noun]) == 0
    out = capsys.readouterr().out
    for command in COMMANDS:
        if command.name.startswith(f"{noun} "):
            assert command.tells[:20] in out


def test_the_page_names_every_command(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out.rstrip("\n") == page()
    assert all(f"  {command.name}" in out for command in COMMANDS)
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rum"], 'Did you mean "run"'),
        (["release"], "VERSION requires an argument"),
        (["models", "--jsn"], "Unknown option"),
        (["serve", "--port", "many"], "port"),
        (["key", "exprot"], 'Did you mean "export"'),
    ],
)
def test_a_mistyped_command_is_one_message_and_exit_code_2(words, said, capsys):
    assert main(words) == 2
    heard = capsys.readouterr()
    assert said in heard.err and not heard.out
    assert "See: comporta" in heard.err and "Traceback" not in heard.err


def test_a_command_under_its_name_of_an_older_release_still_works(tmp_path, capsys):
    from comporta.cli import main
    from comporta.cli.commands import FORMER, page

    assert FORMER
    for former in FORMER:
        assert former not in page()
        assert main([*former.split(), "--help"]) == 0
        assert "FILE" in capsys.readouterr().out
