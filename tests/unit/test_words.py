"""Verbs of commands, nouns of records and the glossary: each word stands for one thing, and is explained."""

import re
from collections import Counter
from pathlib import Path

import comporta
from comporta import records
from comporta.cli.commands import COMMANDS, NOUNS
from comporta.records.facts import FACTS
from comporta.records.metric import Metric

GLOSSARY = (Path(__file__).parents[2] / "docs" / "reference" / "glossary.md").read_text()

# Each verb and the one act that it stands for, whichever noun it is of.
VERBS = {
    "init": "make a project",
    "check": "find errors in the declaration of a project",
    "export": "write something out, to keep or verify it outside of the project",
    "import": "put in place what was exported",
    "run": "execute the plan",
    "list": "list all of a noun",
    "show": "show one thing in detail",
    "compact": "merge small files",
    "accept": "take over a change that was refused",
    "diff": "show how two versions of a dataset differ",
    "gate": "judge a version",
    "report": "write what was judged as a page",
    "compare": "show two model versions side by side",
    "waive": "exempt one check until a day",
    "approve": "consent to a release",
    "request": "ask for a release",
    "deny": "forbid somebody one action",
    "trust": "believe the job tokens of a CI system",
    "release": "move traffic to a version",
    "steer": "carry out release plans",
    "fetch": "write a version's files into a folder",
    "predict": "write a version's answers to many rows",
    "rollback": "move traffic back",
    "forget": "delete a person's name",
    "add": "make one more of a noun",
    "rotate": "make the successor of a secret, which ends",
    "revoke": "end a right before its day",
    "env": "build the libraries of a version again",
    "serve": "answer requests",
    "cancel": "end what was asked for before it is done",
    "retry": "have what failed done again",
    "raise": "move ahead in a queue",
    "work": "carry out what was asked for",
    "tick": "ask for what is due",
    "up": "run everything as supervised processes",
    "down": "end all that runs",
    "status": "tell how each process that runs does",
    "trace": "follow lineage",
    "reproduce": "build a version again and compare",
    "verify": "compare stored or exported bytes with what was signed",
    "du": "report disk usage",
    "gc": "delete what nothing reaches",
    "remove": "delete one thing for good and record that",
}
# Commands that are named by the thing that they list.
LISTS = {"jobs", "runs", "releases", "schedules", "models", "versions", "subjects", "rejected", "key"}


def words_of_commands() -> list[str]:
    return [command.name.split()[-1].partition("-")[0] for command in COMMANDS]


def test_every_command_is_a_verb_with_one_meaning_or_the_noun_that_it_lists():
    assert {word for word in words_of_commands() if word not in VERBS and word not in LISTS} == set()
    assert {word for word in VERBS if word not in words_of_commands()} == set()
    assert max(Counter(VERBS.values()).values()) == 1, "two verbs for one act"


def test_a_verb_of_several_nouns_does_the_same_to_each():
    several = {word for word, count in Counter(words_of_commands()).items() if count > 1}
    assert several == {"add", "export", "key", "list", "remove", "revoke", "show", "verify"}


def test_no_verb_of_a_command_is_the_name_of_a_group_of_commands():
    assert not NOUNS.keys() & {command.name for command in COMMANDS}
    assert not NOUNS.keys() & VERBS.keys()


def nouns() -> set[str]:
    """The records that cross rooms, and what a user declares."""
    shared = {name for name in records.__all__ if isinstance(getattr(records, name), type)}
    declared = {name for name in comporta.__all__ if isinstance(getattr(comporta, name), type)}
    return shared | declared - {"ComportaError"} | {Metric.__name__} | {fact.__name__ for fact in FACTS}


def test_every_noun_has_one_row_of_the_glossary():
    cells = [row.split("|")[1] for row in GLOSSARY.splitlines() if row.startswith("| ")]
    explained = Counter(name for cell in cells for name in re.findall(r"`(\w+)`", cell))
    assert {name for name in nouns() if name not in explained} == set()
    assert {name for name, count in explained.items() if count > 1} == set()


def test_the_glossary_explains_the_words_of_the_commands_and_our_own():
    words = {
        word.strip(" `").lower()
        for cell in re.findall(r"^\| ([^|]+)", GLOSSARY, re.M)
        for word in cell.split(",")
    }
    ours = (
        "gate check verdict waiver champion route share recipe step artifact ledger projection fact segment "
        "fragment manifest observation feedback gap release codec store version run plan node"
    )
    assert {word for word in ours.split() if word not in words} == set()
    assert {noun for noun in NOUNS if noun not in words and noun not in {"data"}} == set()


def test_every_row_of_the_glossary_says_what_it_is():
    rows = [row.strip("|").split("|") for row in GLOSSARY.splitlines() if row.startswith("| ")]
    assert all(row[1].strip() for row in rows)
    assert len(rows) > 90
