"""Comporta's own code counts by what it does and reaches, not by names: never one digest for two meanings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from comporta.engine.code import CodeDigests
from comporta.engine.form import Form
from comporta.project import sources

FILES = {
    "a.py": """
from own.b import first, second
from own.c import TABLE
from own import d
from comporta.records.message import code
import json

SCALE, SHIFT = 2, 3
LEAST = 4
GAP = code("own.gap", "gap")

def fit(x):
    from own.b import third
    told = len(json.dumps(x)) + len(GAP.id)
    return first(x) + second(x) * SCALE + TABLE["a"] + d.fifth(x) + third(LEAST) + told
""",
    "b.py": """
def first(x):
    return x + 1

def second(x):
    return x + 1

def third(x):
    return fourth(x)

def fourth(x):
    if x > 3:
        raise ValueError(f"found {x}, expected at most three")
    return x
""",
    "c.py": "TABLE = {}\nOTHER = {}\ndef fill(table):\n    table['a'] = 1\nfill(TABLE)\n",
    "d.py": "def fifth(x):\n    return x\n\ndef sixth(x):\n    return x\n",
    "__init__.py": "",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that counts as Comporta's own."""
    monkeypatch.setattr(sources, "_HOME", f"{tmp_path}/own/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def digest(package: Path, ref: str = "own.a:fit") -> str:
    return CodeDigests(package.parent).of((ref,)).digest


def edit(package: Path, *edits: tuple[str, str, str]) -> None:
    for name, old, new in edits:
        file = package / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


SAME = {
    "a function renamed": [
        ("b.py", "first", "initial"),
        ("a.py", "import first", "import initial"),
        ("a.py", "return first", "return initial"),
    ],
    "a function imported under another name": [
        ("a.py", "import first", "import first as one"),
        ("a.py", "return first", "return one"),
    ],
    "a function renamed that another file reaches through its module": [
        ("d.py", "fifth", "plain"),
        ("a.py", "fifth", "plain"),
    ],
    "a function that a function imports": [("b.py", "third", "other"), ("a.py", "third", "other")],
    "a helper": [("b.py", "fourth", "helper")],
    "a constant renamed": [("a.py", "LEAST", "FEWEST")],
    "a module taken for its name": [
        ("a.py", "import json", "import json as text"),
        ("a.py", "json.d", "text.d"),
    ],
    "a wording": [("b.py", "found {x}, expected at most three", "{x} is too much")],
    "a sentence of one word": [("a.py", '"own.gap", "gap"', '"own.gap", "difference"')],
    "the order of imports": [
        ("a.py", "from own.c import TABLE\n", ""),
        ("a.py", "import json\n", "import json\nfrom own.c import TABLE\n"),
    ],
    "the order of functions": [
        ("d.py", "def fifth(x):\n    return x\n\n", ""),
        (
            "d.py",
            "def sixth(x):\n    return x\n",
            "def sixth(x):\n    return x\n\ndef fifth(x):\n    return x\n",
        ),
    ],
    "an unreached function": [("d.py", "def sixth(x):\n    return x", "def sixth(x):\n    return 2 * x")],
}


@pytest.mark.parametrize("change", SAME)
def test_what_things_are_called_does_not_count(package: Path, change: str) -> None:
    before = digest(package)
    edit(package, *SAME[change])
    assert digest(package) == before


def test_where_a_module_stands_does_not_count(package: Path) -> None:
    before = digest(package)
    (package / "z").mkdir()
    (package / "z" / "__init__.py").write_text("")
    (package / "b.py").rename(package / "z" / "moved.py")
    edit(package, ("a.py", "own.b", "own.z.moved"))
    assert digest(package) == before
    (package / "a.py").rename(package / "main.py")
    assert digest(package, "own.main:fit") == before


OTHER = {
    "one of two equal functions called twice": [("a.py", "second(x)", "first(x)")],
    "the two names of one statement swapped": [("a.py", "* SCALE", "* SHIFT")],
    "their values swapped": [("a.py", "SCALE, SHIFT", "SHIFT, SCALE")],
    "which of two equal tables is filled at import": [("c.py", "fill(TABLE)", "fill(OTHER)")],
    "which of two equal tables is read": [("a.py", "import TABLE", "import OTHER as TABLE")],
    "a function beside its equal": [
        ("a.py", "d.fifth", "d.sixth"),
        ("d.py", "def sixth(x):\n    return x", "def sixth(x):\n    return -x"),
    ],
    "a constant": [("a.py", "LEAST = 4", "LEAST = 5")],
    "the id of a code": [("a.py", '"own.gap"', '"own.distance"')],
    "a helper that a function imports": [("a.py", "import third", "import fourth as third")],
    "another function of the same library": [("a.py", "json.dumps", "json.loads")],
    "another library": [("a.py", "import json", "import pickle as json")],
    "another builtin": [("a.py", "len(", "sum(")],
    "what is raised": [("b.py", "raise ValueError", "raise TypeError")],
    "what an error shows": [("b.py", "{x}, expected", "{x + 1}, expected")],
    "when it is raised": [("b.py", "x > 3", "x > 2")],
    "a name made local": [("b.py", "def fourth(x):", "def fourth(x, ValueError=KeyError):")],
    "a default": [("b.py", "def first(x)", "def first(x=0)")],
    "an effect of importing": [("d.py", "def fifth", "print('imported')\n\ndef fifth")],
    "a key": [("a.py", 'TABLE["a"]', 'TABLE["b"]')],
}  # fmt: skip


@pytest.mark.parametrize("change", OTHER)
def test_two_meanings_have_two_digests(package: Path, change: str) -> None:
    before = digest(package)
    edit(package, *OTHER[change])
    assert digest(package) != before


def told(statement: str) -> str:
    """The form of a statement in a file of Comporta's that knows `code` and the error `Stop`."""
    node = ast.parse(statement).body[0]
    known = {"code": frozenset({"code"}), "errors": frozenset({"Stop"})}
    return Form(node, names=False, wordings=False, **known).text


SHOWN = {  # what stands where people read it
    "raised": "raise Fault({})",
    "raised by name": "raise Fault(at, message={}) from fault",
    "an error's own": "error = Stop({})",
    "returned": "def too_long():\n    return Stop({})",
    "asserted": "assert x, {}",
    "printed": "print({}, x)",
    "the reason of an error": "error.reason = {}",
    "a line of a log": "self._say({})",
    "a line of a log, by name": "say({})",
    "declared": "GAP = code('own.gap', {}, rows=int)",
}
WORDED = {  # ways to put a sentence together
    "alone": "{!r}",
    "before what is shown": "{!r} + x",
    "about what is shown": "f'{{x}} rows, ' + {!r}",
    "with a value in it": "{!r} % x",
    "with a value by name": "{!r}.format(x)",
    "one of two": "{!r} if x else y",
    "one of two, and a plain one": "x + ({!r} if x else 'y')",
    "within": 'f"{{x:,}} of {{{!r} if x else y}}"',
}
READ = {  # what decides what is shown
    "what a call is given": "parse({!r})",
    "what a call is given by name": "parse(by={!r})",
    "what a method is given": "x.get({!r})",
    "an index": "table[{!r}]",
    "the elements of a list": "[{!r}, 'c d'].index(x)",
    "a set": "x in {{{!r}}}",
    "a comparison": "y if x == {!r} else z",
    "a value in a text": 'f"found {{table[{!r}]}}"',
    "what a format is filled with": "'found {{}}'.format(parse({!r}))",
    "the elements that are joined": "', '.join([{!r}, x])",
}


@pytest.mark.parametrize("way", WORDED)
@pytest.mark.parametrize("place", SHOWN)
def test_a_sentence_that_people_read_does_not_count(place: str, way: str) -> None:
    one, other = (SHOWN[place].format(WORDED[way].format(each)) for each in ("found no row", "no row, found"))
    assert one != other
    assert told(one) == told(other)


@pytest.mark.parametrize("way", READ)
@pytest.mark.parametrize("place", SHOWN)
def test_a_text_that_decides_what_people_read_counts(place: str, way: str) -> None:
    one, other = (SHOWN[place].format(READ[way].format(each)) for each in ("a b", "x y"))
    assert told(one) != told(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ('raise Stop(["a b", "x y"].index(x))', 'raise Stop(["x y", "a b"].index(x))'),
        ('print(" ", file=x)', 'print(", ", file=x)'),
        ('print(" ", **x)', 'print(", ", **x)'),
        ('def f(print):\n    print("a b")', 'def f(print):\n    print("x y")'),
        ('def f(Stop):\n    return Stop("a b")', 'def f(Stop):\n    return Stop("x y")'),
        ('told = say("a b")', 'told = say("x y")'),
        ('error.reason = "none"', 'error.reason = "lost"'),
        ('raise Stop(f"own.{x}")', 'raise Stop(f"other.{x}")'),
        ('error.reason = ""', 'error.reason = "a b"'),
    ],
)
def test_what_may_be_read_by_code_counts(one: str, other: str) -> None:
    assert told(one) != told(other)


def test_a_step_is_what_it_is_handed_in_the_order_of_its_arguments(package: Path) -> None:
    code = CodeDigests(package.parent)
    one = code.of(("own.a:fit", "own.b:first", "own.d:fifth")).digest
    other = code.of(("own.a:fit", "own.d:fifth", "own.b:first")).digest
    assert one != other


def test_names_count_where_a_module_is_looked_up_by_name(package: Path) -> None:
    (package / "e.py").write_text("from own import d\ndef fit(x, name):\n    return getattr(d, name)(x)\n")
    before = digest(package, "own.e:fit")
    edit(package, ("d.py", "sixth", "seventh"))
    assert digest(package, "own.e:fit") != before


def test_a_class_keeps_its_name(package: Path) -> None:
    (package / "e.py").write_text("class Kind:\n    pass\ndef fit(x):\n    return Kind()\n")
    before = digest(package, "own.e:fit")
    edit(package, ("e.py", "Kind", "Sort"))
    assert digest(package, "own.e:fit") != before


def test_a_check_that_reaches_another_function_of_the_same_name_is_another(package: Path) -> None:
    (package / "e.py").write_text("def third(x):\n    return 2 * x\n\ndef single(x):\n    return x\n")
    mine = package.parent / "mine.py"

    def own_of(room: str, name: str) -> str:
        mine.write_text(f"from own.{room} import {name}\ndef holds(x):\n    return {name}(x)\n")
        return CodeDigests(package.parent).own(("mine.py:holds",))

    sources._names_below.cache_clear()
    before, other, single = own_of("b", "third"), own_of("e", "third"), own_of("e", "single")
    assert before != other
    assert own_of("b", "third") == before
    edit(package, ("e.py", "return x\n", "return -x\n"))
    assert own_of("e", "single") == single, "whatever Comporta's own code beside it does"
    (package / "e.py").rename(package / "f.py")
    assert own_of("f", "third") == other, "wherever it stands"


def test_of_the_projects_own_code_a_check_counts_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("LEAST = [3]\ndef least(x):\n    return x > LEAST[0]\n")
    text = "from helper import least\ndef holds(x):\n    return least(x)\n"
    (tmp_path / "checks.py").write_text(text)
    code = CodeDigests(tmp_path)
    before, own = code.of(("checks.py:holds",)), code.own(("checks.py:holds",))
    (tmp_path / "checks.py").rename(tmp_path / "mine.py")
    (tmp_path / "helper.py").rename(tmp_path / "limits.py")
    (tmp_path / "mine.py").write_text(text.replace("helper", "limits"))
    code = CodeDigests(tmp_path)
    assert code.own(("mine.py:holds",)) == own
    assert code.of(("mine.py:holds",)).digest != before.digest, (
        "a model's bytes may name where a function stands"
    )
    (tmp_path / "limits.py").write_text("LEAST = [4]\ndef least(x):\n    return x > LEAST[0]\n")
    assert CodeDigests(tmp_path).own(("mine.py:holds",)) != own
