"""Every check that the gates offer keeps the promises that are generated for any check."""

import inspect

import pytest

import comporta.checks
from comporta.errors import BadProject
from comporta.records import Record, Verdict, need
from comporta.testing.generated import check_contract, constructors, every_promise


def a_function(rows):
    return True


GUESSES = {
    "metric": "roc_auc", "limit": 0.5, "margin": 0.01, "by": "word", "group": "word", "of": "word",
    "column": "word", "attribute": "word", "changeable": ("income",), "function": a_function,
    "change": a_function, "name": "a name", "owner": "the works council", "reason": "it is declared",
}  # fmt: skip
EXAMPLES = {
    "never": lambda make: make("true", when=a_function, owner="the board"),
    "scenario": lambda make: make("rows otherwise", a_function, at_most=0.5),
    "accept": lambda make: make(a_function),
    "monotone": lambda make: make("word"),
    "within": lambda make: make(0, 1),
}


def made(name, make):
    """Checks of a constructor, from what its arguments are called."""
    if name in EXAMPLES:
        return [EXAMPLES[name](make)]
    asked = inspect.signature(make).parameters.values()
    wanted = [each for each in asked if each.default is each.empty and each.kind != each.VAR_KEYWORD]
    positional = [GUESSES[each.name] for each in wanted if each.kind == each.POSITIONAL_OR_KEYWORD]
    named = {each.name: GUESSES[each.name] for each in wanted if each.kind == each.KEYWORD_ONLY}
    try:
        found = make(*positional, **named)
    except BadProject:  # of the limits one must be given
        found = make(*positional, **named, at_least=0.5)
    return list(found) if isinstance(found, tuple) else [found]


CONSTRUCTORS = constructors()
CHECKS, UNMADE = [], {}
for _name, _make in CONSTRUCTORS.items():
    try:
        CHECKS += made(_name, _make)
    except Exception as fault:  # told by a test of its own, so that the others are run
        UNMADE[_name] = fault


def test_every_constructor_has_an_example():
    assert not UNMADE, "name its arguments in GUESSES, or give an example in EXAMPLES"


@every_promise(CHECKS)
def test_every_check_of_the_gates(check, promise):
    promise(check)


def test_no_constructor_is_left_out():
    offered = {name for name in comporta.checks.__all__ if inspect.isfunction(getattr(comporta.checks, name))}
    others = {"asked_at", "form", "judge", "level_of", "needs", "policy", "functions_in"}
    assert offered - set(CONSTRUCTORS) <= others


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_every_constructor_says_what_it_does_and_names_what_it_takes(name):
    told = inspect.getdoc(CONSTRUCTORS[name])
    assert told and told.splitlines()[0].strip()


class Open(Record, frozen=True, kw_only=True):
    """A check that passes whatever it sees."""

    required: bool = True
    name: str = "always open"

    def needs(self):
        return (need("anything"),)

    def judge(self, evidence):
        return Verdict(check=self.name, outcome="pass", required=True, reason="Fine.")


class Moody(Open, frozen=True, kw_only=True):
    """One that says another thing each time."""

    def judge(self, evidence):
        MOODS.append(1)
        outcome = "fail" if len(MOODS) % 2 else "inconclusive"
        return Verdict(check=self.name, outcome=outcome, required=True, reason="Perhaps.")


class Curt(Open, frozen=True, kw_only=True):
    """One that gives no reason."""

    def judge(self, evidence):
        return Verdict(check=self.name, outcome="fail", required=True, reason="")


class Loose:
    """One whose rule can be changed."""

    required, name = True, "loose"
    needs, judge = Open.needs, Open.judge


class Excused(Open, frozen=True, kw_only=True):
    """One that does not apply whenever it likes."""

    def judge(self, evidence):
        return Verdict(check=self.name, outcome="does not apply", required=True, reason="Not today.")


MOODS = []


@pytest.mark.parametrize("broken", [Open, Moody, Curt, Loose])
def test_a_check_that_breaks_a_promise_is_found_out(broken):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check_contract(broken())


def test_an_excuse_of_its_own_does_not_open_the_gate():
    found = comporta.checks.judge((Excused(),), {})
    assert found[0].outcome == "inconclusive"
