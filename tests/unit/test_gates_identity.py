"""A check keeps its id, its form and the policy it stands in, whatever it is called and wherever it lies."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import comporta
from comporta import gates
from comporta.checks import accept, at_least, form, never, noise, policy, scenario
from comporta.checks.former import former
from comporta.checks.written import kind_of
from comporta.records import Record, Verdict, need

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = json.loads((GOLDEN / "checks.json").read_text())
FORMER = json.loads((GOLDEN / "checks_former.json").read_text())
FIELDS = json.loads((GOLDEN / "check_fields.json").read_text())


def made(text: str) -> Any:
    return eval(text, dict(vars(gates)))


def under_age(rows):
    return rows


def kinds() -> dict[str, type]:
    found = (each for each in vars(gates).values() if isinstance(each, type) and hasattr(each, "judge"))
    return {each.kind: each for each in found}


@pytest.mark.parametrize("golden", NOW, ids=[each["check"] for each in NOW])
def test_ids_and_forms_are_for_ever(golden):
    check = made(golden["check"])
    assert (check.name, form(check)) == (golden["id"], golden["form"])


@pytest.mark.parametrize("golden", FORMER, ids=[each["check"] for each in FORMER])
def test_what_an_older_release_called_it_and_made_its_digest_of_is_known(golden):
    then = former(made(golden["check"]), b"beside")
    assert then is not None
    assert (then.name, then.form) == (golden["name"], golden["form"])


def test_every_kind_has_a_declared_name_of_its_own_and_fields_that_stay_what_they_are():
    """A field that is added has a default, which never changes: values that are as usual stand in no form."""
    found = {
        kind: {
            field.encode_name: "no default"
            if field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
            else field.default
            if field.default is not msgspec.NODEFAULT
            else field.default_factory()
            for field in msgspec.structs.fields(each)
        }
        for kind, each in kinds().items()
    }
    assert found.keys() == FIELDS.keys()
    for kind, fields in FIELDS.items():
        assert {name: json.loads(json.dumps(found[kind][name])) for name in fields} == fields, kind
        assert all(found[kind][name] != "no default" for name in found[kind].keys() - fields.keys()), kind


def test_ids_are_unique_and_tell_as_much_as_the_title_of_an_older_release():
    names = {each["check"]: made(each["check"]).name for each in NOW}
    assert len(set(names.values())) == len(names)
    assert at_least("roc_auc", 0.7).name == at_least("roc_auc", 0.7, on="value", required=False).name
    assert form(at_least("roc_auc", 0.7)) != form(at_least("roc_auc", 0.7, on="value"))
    assert never("approve", when=under_age, owner="O").name == "never?decision=approve&when=under_age"
    assert (
        accept(under_age, "a & b = c", at_most=1).name == "acceptance?label=a%20%26%20b%20%3D%20c&at_most=1"
    )


def test_a_function_counts_by_its_text_and_not_by_its_place():
    before = form(scenario("s", under_age, at_most=0.5))
    moved = under_age.__module__
    try:
        under_age.__module__ = "elsewhere"
        assert form(scenario("s", under_age, at_most=0.5)) == before
    finally:
        under_age.__module__ = moved


class Own(Record, frozen=True, kw_only=True):
    """A project's own kind, which says only what it must."""

    most: float = 0.5
    required: bool = True
    name: str = "few leave"

    def needs(self):
        return (need("anything"),)

    def judge(self, evidence):
        return Verdict(check=self.name, outcome="fail", required=True, reason="Too many.")


def test_a_kind_of_the_project_counts_by_its_text_and_is_called_by_its_name():
    (verdict,) = gates.judge((Own(),), {})
    assert (verdict.check, verdict.display_title, verdict.kind) == ("few leave", "few leave", "")
    assert kind_of(Own()) == ""
    assert form(Own()) != form(Own(most=0.6))


OWN = '''
from comporta.records import Record, Verdict, need


class Own(Record, frozen=True, kw_only=True):
    """A project's own kind."""

    name: str = "few leave"

    @property
    def title(self):
        return "Few leave, as a rule"

    def needs(self):
        """What it looks at."""
        return (need("anything"),)

    def judge(self, evidence):
        return Verdict(check=self.name, outcome="fail", required=True, reason="Too many.")
'''


@pytest.fixture
def own_form(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def digest(text: str, name: str) -> str:
        (tmp_path / f"{name}.py").write_text(text)
        return form(importlib.import_module(name).Own())

    return digest


@pytest.mark.parametrize(
    "old, new",
    [
        ("A project's own kind.", "A kind that this project has."),
        ("What it looks at.", "All that it looks at."),
        ("Few leave, as a rule", "As a rule, few leave"),
        ("    def needs", "    # What it needs.\n    def needs"),
        ('''    @property
    def title(self):
        return "Few leave, as a rule"
''', '''    title: str = "Few leave"
'''),
    ],
)  # fmt: skip
def test_a_reworded_kind_of_the_project_is_the_same_policy(own_form, old, new):
    if new.lstrip().startswith("title"):
        # A field is a value of the check; a plain attribute is only what people read.
        new = new.replace("title: str", "title: ClassVar[str]")
    assert old in OWN
    text = OWN.replace("from comporta", "from typing import ClassVar\nfrom comporta", 1)
    assert own_form(text.replace(old, new), "reworded") == own_form(text, "as_it_was")


@pytest.mark.parametrize(
    "old, new",
    [
        ('need("anything")', 'need("nothing")'),
        ('outcome="fail"', 'outcome="pass"'),
        ('    name: str = "few leave"', '    name: str = "few leave"\n    most: float = 0.5'),
        ('return (need("anything"),)', 'return (need(self.needs.__doc__),)'),
    ],
)  # fmt: skip
def test_a_kind_of_the_project_that_does_otherwise_is_another_policy(own_form, old, new):
    assert old in OWN
    assert own_form(OWN.replace(old, new), "edited") != own_form(OWN, "unedited")


def test_rewording_and_moving_everything_changes_no_id_no_form_and_no_policy(tmp_path):
    """A copy of the package in which every sentence is another, and a check's class and module too."""
    copy = tmp_path / "comporta"
    shutil.copytree(Path(comporta.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (copy / "checks").rglob("*.py"):
        text = file.read_text()
        if file.name != "former.py":
            text = re.sub(r"\bNoise\b", "Jitter", text).replace(
                "comporta.checks.noise.", "comporta.checks.jitter."
            )
        file.write_text(text)
    (copy / "checks" / "noise").rename(copy / "checks" / "jitter")
    message = copy / "records" / "message.py"
    # Whatever sentence a code is declared with, it has another one.
    declared = "self.id, self.template, self.values = id, template, dict(values)"
    assert declared in message.read_text()
    message.write_text(message.read_text().replace("= id, template,", '= id, "Reworded: " + template,'))
    asked = (
        "import json, sys\nfrom comporta import checks as gates\n"
        "from comporta.opened.sentences import sentence as say\n"
        "made = [eval(each, dict(vars(gates))) for each in json.load(sys.stdin)]\n"
        "found = [[each.name, gates.form(each), say(each.title), type(each).__module__] for each in made]\n"
        "json.dump([*found, gates.policy(made)], sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        input=json.dumps([each["check"] for each in NOW]),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    *found, whole = json.loads(done.stdout)
    assert [each[:2] for each in found] == [[each["id"], each["form"]] for each in NOW]
    assert whole == policy([made(each["check"]) for each in NOW])
    assert all(each[2].startswith("Reworded: ") for each in found)
    assert "comporta.checks.jitter.check" in {each[3] for each in found}


def test_a_field_that_is_added_later_changes_no_form():
    class Later(type(noise()), frozen=True, kw_only=True):
        since: str = "usual"

    Later.__module__ = "comporta.checks.noise.check"
    usual = {name: getattr(noise(), name) for name in noise().__struct_fields__}
    assert form(Later(**usual)) == form(noise())
    assert form(Later(**usual, since="other")) != form(noise())
    assert former(Later(**usual, since="other")) is None, "what an older release could not have asked"
