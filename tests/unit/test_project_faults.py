from pathlib import Path

import msgspec
import pytest

from comporta.project import AsOf, Dataset, Features, Model, ProjectDeclaration, Window
from comporta.project.faults import project_faults
from comporta.project.load import load_project
from comporta.records import Column

# Each fault below is marked with `#!` and a part of what must be said of its line.
SOUND = """
from comporta.project import AsOf, Dataset, Features, Model, Project, Window
from comporta.records import Column, by_time

def read():
    return None

rows = Dataset("rows", source=read, key="id", time="at", columns=(Column("a", type="Int64"),))
slow = Dataset("slow", source=read, key=("id", "week"), time="week", delay="1d")

def twice(frame):
    return frame

features = Features(
    "features",
    of=rows,
    known=("id", "at", "a"),
    joins=(
        AsOf(slow, on="id", columns=("b",), tolerance="3h"),
        Window(slow, on="id", over="7d", of={"most": ("max", "b"), "weeks": ("count", "week")}),
    ),
    compute=(twice,),
)

def fit(X, y, *, depth=6):
    return None

model = Model("late", features=features, target="y", fit=fit, params={"depth": 3}, split=by_time("1d"))
project = Project("sound", models=(model,))
"""


def found(folder: Path, text: str):
    (folder / "project.py").write_text(text)
    project = load_project(folder / "project.py")
    return project_faults(project, folder)


def marked(text: str) -> set[tuple[int, str]]:
    return {
        (number, part.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if "#!" in line
        for part in line.partition("#!")[2].split(" & ")
    }


def agree(folder: Path, text: str) -> None:
    """Every mark is answered by a fault at its line, and every fault stands at a mark."""
    said = found(folder, text)
    wanted = marked(text)
    for line, part in wanted:
        assert any(fault.line == line and part in fault.message for fault in said), (line, part, said)
    stray = [
        fault
        for fault in said
        if not any(fault.line == line and part in fault.message for line, part in wanted)
    ]
    assert not stray, stray
    assert all(fault.file == "project.py" for fault in said)


def test_a_sound_project_has_no_fault(tmp_path):
    assert found(tmp_path, SOUND) == ()


def test_every_fault_of_datasets_is_named_at_once_with_its_line(tmp_path):
    agree(
        tmp_path,
        """
from comporta.project import Dataset, Project
from comporta.records import Column

def read(path):
    return None

def read_all():
    return None

one = Dataset(
    "one two",  #! expected a letter
    source=read,  #! can be called with no argument
    key=(),  #! found none
    arrived="known",  #! found no `time`
    delay="1 hour",  #! found '1 hour' & found `arrived` too & found no `time`
    columns=(
        Column("a", type="Int46"),  #! expected a polars type
        Column("b", nulls=3),  #! expected a share
        Column("c", at_least=3, at_most=2),  #! no value can hold
        Column("d", unique="yes"),  #! expected True or False
    ),
)
two = Dataset(
    "two",
    source=lambda: None,  #! found a lambda
    key=("id", "id"),  #! found column 'id' twice
    change="appended",  #! expected 'append' or 'update' or 'replace'
)
three = Dataset("three", source="data/*.xlsx", key="id")  #! Parquet or CSV & found no file
four = Dataset("Predictions", read_all, "id")  #! what servers log is kept there
five = Dataset("feedback", read_all, "id")  #! what servers log is kept there
project = Project("p", datasets=(one, two, three, four, five))
""",
    )


def test_every_fault_of_features_and_joins_is_named_at_once_with_its_line(tmp_path):
    agree(
        tmp_path,
        """
from comporta.project import AsOf, Dataset, Features, Model, Project

def read():
    return None

rows = Dataset("rows", source=read, key="id")
slow = Dataset("slow", source=read, key="id", time="week")
still = Dataset("still", source=read, key="id")

def pair(left, right):
    return left

features = Features(
    "features",
    of=rows,
    known=("id", "b", "id"),  #! found 'id' twice
    joins=(  #! found feature 'b' twice
        AsOf(
            slow,  #! neither `arrived` nor `delay` & found no `time` in Dataset 'rows'
            on="user",  #! expected one of `known`
            columns=("b",),
        ),
        AsOf(still, on="id", columns={"c": "d"}, tolerance="3h"),  #! found no `time` in Dataset 'still'
    ),
    compute=(pair,),  #! can be called with one frame
)
plain = Features(
    "plain",
    of=rows,
    known=("a"),  #! with a comma
    use=("a",),  #! found 'a', expected one of
)

def fit(X, y):
    return None

project = Project("p", models=(
    Model("first", features=features, target="y", fit=fit),
    Model("second", features=plain, target="y", fit=fit),
))
""",
    )


def test_every_fault_of_windows_is_named_at_once_with_its_line(tmp_path):
    agree(
        tmp_path,
        """
from comporta.project import AsOf, Dataset, Features, Model, Project, Window
from comporta.records import Column

def read():
    return None

rows = Dataset("rows", source=read, key="id", time="at")
pay = Column("pay", personal=True)
slow = Dataset("slow", source=read, key="id", time="week", delay="2d", columns=(pay,))
still = Dataset("still", source=read, key="id")
late = Dataset("late", source=read, key="id", time="week")

features = Features(
    "features",
    of=rows,
    known=("id",),
    joins=(  #! found feature 'n' twice
        AsOf(slow, on="id", columns=("b",)),
        Window(
            slow,
            on="user",  #! Window 'slow': on: found 'user', expected one of `known`
            over="2d",  #! found 2d, but rows of Dataset 'slow' are known 2d after their time
            of={"n": ("count", "b"), "pay": ("last", "pay"), "pays": ("distinct", "pay")},
        ),
        Window(
            still,
            on="id",
            over="1d",  #! found no `time` in Dataset 'still'
            of={"n": ("median", "b")},  #! n: found 'median', expected one of: count, sum
        ),
        Window(
            late,  #! neither `arrived` nor `delay`
            on="id",
            over="0s",  #! found 0s, expected a span above zero
            of={},  #! found none, expected feature
        ),
        Window(slow, "id", "a week", of={"m": ("sum",)}),  #! expected a span & m: found ('sum',), expected
    ),
)

def fit(X, y):
    return None

project = Project("p", models=(
    Model(
        "first",
        features=features,
        target="y",
        fit=fit,
        slices=("pay", "pays"),  #! found slices by 'pay', a personal column of Dataset 'slow'
    ),
))
""",
    )


def test_every_fault_of_models_is_named_at_once_with_its_line(tmp_path):
    agree(
        tmp_path,
        """
from comporta.checks import at_least
from comporta.project import Dataset, Features, Model, Project
from comporta.records import Limits, at_random, by_time

def read():
    return None

rows = Dataset("rows", source=read, key="id")
features = Features("features", of=rows, known=("id", "y"))

def fit(X, y, *, depth, rate=0.1):
    return None

one = Model(
    "one",
    features=features,
    target="y",  #! a request cannot carry it
    fit=fit,
    params={"deph": 3, "rate": read},  #! found 'deph', & found no 'depth' & not plain JSON
    output="probability",  #! for a regression
    task="regression",
    split=by_time("1d"),  #! has no `time`
    metrics=("auc", "accuracy"),  #! found 'auc' & for regression
    business="roc_acu",  #! found 'roc_acu', expected one of roc_auc
    gates=(at_least("mae", 3), at_least("mae", 3)),  #! found 'limit?metric=mae&at_least=3' twice
    approvals=-1,  #! expected 0 or more
    limits=Limits(seconds=0),  #! expected more than 0
)
two = Model(
    "two",
    features=features,
    target="z",
    fit=lambda X: X,  #! found a lambda & expected at least (X, y)
    split=at_random(2.0),  #! between 0 and 1
    gates=("roc_auc > 0.7",),  #! expected checks
    business=7,  #! expected text or None
    requires=("subjekt",),  #! 'key' or 'subject' or 'unit'
    seed="seven",  #! expected a whole number
)
project = Project("p", models=(one, two))
""",
    )


def test_two_of_one_name_are_named_where_the_second_stands(tmp_path):
    text = SOUND.replace(
        'project = Project("sound", models=(model,))',
        """other = Dataset("rows", source=read, key="number")
again = Model("late", features=features, target="z", fit=fit)
project = Project("sound", models=(model, again), datasets=(other,))
""",
    )
    said = found(tmp_path, text)
    lines = text.splitlines()
    assert [(lines[fault.line - 1].partition(" =")[0], fault.message) for fault in said] == [
        ("other", "Dataset 'rows': found this name twice. Rename one."),
        ("again", "Model 'late': found this name twice. Rename one."),
    ]


def test_a_project_of_nothing_is_a_fault(tmp_path):
    text = "from comporta.project import Project\nproject = Project('p')\n"
    assert [fault.line for fault in found(tmp_path, text)] == [2]


def test_a_declaration_in_a_module_beside_is_located_there(tmp_path):
    (tmp_path / "tables.py").write_text(
        """from comporta.project import Dataset


def read():
    return None


rows = Dataset(
    "rows",
    source=read,
    key="id",
    fresh="2 days",
)
"""
    )
    text = """from comporta.project import Project
from tables import rows
project = Project('p', datasets=(rows,))
"""
    said = found(tmp_path, text)
    assert {(fault.file, fault.line) for fault in said} == {("tables.py", 12)}


def test_what_is_declared_in_a_loop_is_located_at_the_project(tmp_path):
    text = """from comporta.project import Dataset, Project
def read():
    return None
tables = tuple(Dataset(name, source=read, key=()) for name in ("a", "b"))
project = Project("p", datasets=tables)
"""
    said = found(tmp_path, text)
    assert [fault.line for fault in said] == [5, 5]
    assert {fault.message for fault in said} == {
        f"Dataset {name!r}: key: found none, expected the column or columns that name a row." for name in "ab"
    }


FIELDS = [
    (kind, field)
    for kind in (ProjectDeclaration, Model, Features, AsOf, Window, Dataset, Column)
    for field in kind.__struct_fields__
]


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda each: getattr(each, "__name__", each))
def test_a_value_of_the_wrong_kind_is_a_fault_and_never_an_exception(tmp_path, kind, field):
    (tmp_path / "project.py").write_text(SOUND)
    sound = load_project(tmp_path / "project.py")
    for value in (None, 3.5, [3], [[1]], object()):
        if field not in ("meaning", "owner", "root"):
            project_faults(altered(sound, kind, field, value), tmp_path)
    said = project_faults(altered(sound, kind, field, object()), tmp_path)
    assert any(f"{field}: found" in fault.message or kind is ProjectDeclaration for fault in said), said


def altered(thing, kind, field, value):
    """The declaration with this field of every `kind` within it set to another value."""
    parts = (
        {
            name: altered(part, kind, field, value)
            if not isinstance(part, tuple)
            else tuple(altered(each, kind, field, value) for each in part)
            for name in thing.__struct_fields__
            if isinstance(part := getattr(thing, name), tuple | Dataset | Features)
        }
        if isinstance(thing, ProjectDeclaration | Model | Features | AsOf | Window | Dataset)
        else {}
    )
    if isinstance(thing, kind):
        parts[field] = value
    return msgspec.structs.replace(thing, **parts) if parts else thing


@pytest.mark.parametrize(
    ("field", "declared"),
    [
        ("slices", 'slices=("who",)'),
        ("gates", 'gates=(at_least("roc_auc", 0.7, by="who"),)'),
        ("gates", 'gates=(calibrated(by=("a", "who")),)'),
        ("slices", 'slices=("mail",)'),
        ("slices", 'slices=("theirs",)'),
    ],
)
def test_slicing_by_what_tells_of_one_person_is_refused(tmp_path, field, declared):
    text = (
        SOUND.replace('key="id", time="at",', 'key="id", time="at", subject="who",')
        .replace('Column("a", type="Int64"),', 'Column("a", type="Int64"), Column("mail", personal=True)')
        .replace('"slow", source=read,', '"slow", source=read, subject="person",')
        .replace('columns=("b",)', 'columns={"b": "b", "person": "theirs"}')
        .replace(
            "from comporta.records", "from comporta.checks import at_least, calibrated\nfrom comporta.records"
        )
    )
    assert found(tmp_path, text) == ()
    [fault] = found(tmp_path, text.replace("fit=fit,", f"fit=fit, {declared},"))
    assert f"{field}: found slices by" in fault.message
    assert "the ledger keeps for ever. Slice by something coarser" in fault.message
    assert fault.line


def test_what_the_log_leaves_out_is_a_column_that_it_can_do_without(tmp_path):
    text = SOUND.replace('key="id", time="at"', 'key="id", subject="a", time="at"')
    for given, line in (
        ("log_sample=1.5", "log_sample: found 1.5, expected a share from 0 to 1."),
        ('log_without=("b",)', "found 'b', expected columns that a request carries: id, at, a."),
        ('log_without=("at", "at")', "found 'at' twice."),
        ('log_without=("a",)', "found 'a', the subject"),
        ('log_without=("id",)', "found 'id', by which history is joined"),
        ('log_sample=0, log_without=("at",)', None),
    ):
        said = found(tmp_path, text.replace('split=by_time("1d"))', f'split=by_time("1d"), {given})'))
        assert [line in each.message for each in said] == ([] if line is None else [True]), (given, said)


def test_every_fault_of_outcomes_and_of_a_release_plan_is_named_at_once_with_its_line(tmp_path):
    agree(
        tmp_path,
        """
from comporta.project import Dataset, Features, Model, Project
from comporta.releases import BlueGreen, Canary, Freeze, Outcome

def read():
    return None

rows = Dataset("rows", source=read, key="id")
features = Features("features", of=rows, known=("id",))

def fit(X, y):
    return None

one = Model(
    "one",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    outcomes=(  #! 'slow': limit & 'far': of: found & 'odd': horizon: & found 'odd' twice
        Outcome("slow", "latency"),
        Outcome("far", "absolute_error", cap=(0, 9)),
        Outcome("odd", horizon="tomorrow"),
        Outcome("odd"),
    ),
    release=Canary(  #! found 5, 5 & alpha: found 2 & owner: found 'nobody' & freeze: found a freeze
        percent=(5, 5), metrics=("error",), alpha=2, owner="nobody",
        freeze=(Freeze("Fri 16:00"),),
    ),
)
two = Model(
    "two",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    release=Canary(metrics=("error",), horizon="90d"),  #! horizon of 90d, longer than the deadline of 60d
)
three = Model(
    "three",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    release=Canary(percent=(1, 60), metrics=(), deadline="soon"),  #! deadline: found 'soon'
)
four = Model(
    "four",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    release=Canary(percent=(1, 60), metrics=()),  #! above 0 and at most 50 & metrics: found none
)
five = Model(
    "five",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    release=BlueGreen(differ=3.0, freeze=(Freeze("2026-12-24", "2026-12-20"),)),  #! found 3 & is not after
)
six = Model(
    "six",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    release=Canary(metrics=("error",), horizon="55d"),  #! deadline: found 60d, expected at least 62d
)
seven = Model(
    "seven",
    features=features,
    target="y",
    fit=fit,
    task="binary",
    release=Canary(metrics=("clicks", "error")),  #! found 'clicks', expected & 'error': expected a horizon
)
project = Project("p", models=(one, two, three, four, five, six, seven))
""",
    )
