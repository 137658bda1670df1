import os
import subprocess
import sys
from pathlib import Path

import pytest

from comporta.errors import BadProject
from comporta.project import ProjectDeclaration
from comporta.project.load import declared_root, find_project_file, leaves_out, load_project
from comporta.project.locate import DECLARATIONS, field_meaning

MINIMAL = """
from comporta.project import Dataset, Project
def read():
    return None
project = Project("tiny", datasets=(Dataset("rows", source=read, key="id"),))
"""


def write(folder: Path, text: str, name: str = "project.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    return file


def refused(folder: Path, text: str, name: str = "project.py") -> str:
    with pytest.raises(BadProject) as caught:
        load_project(write(folder, text, name))
    return str(caught.value)


def test_the_nearest_project_file_above_is_found(tmp_path, monkeypatch):
    file = write(tmp_path, MINIMAL)
    below = tmp_path / "deep" / "down"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_project_file() == file
    assert find_project_file(tmp_path) == file
    assert find_project_file(file) == file


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadProject, match="comporta init"):
        find_project_file()
    with pytest.raises(BadProject, match=r"found no project\.py"):
        find_project_file(tmp_path)


def test_settings_without_a_project_file_are_named(tmp_path, monkeypatch):
    (tmp_path / "comporta.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadProject, match=r"comporta.toml but no project.py"):
        find_project_file()


def test_a_loaded_project_knows_its_root(tmp_path):
    project = load_project(write(tmp_path, MINIMAL))
    assert isinstance(project, ProjectDeclaration)
    assert project.root == tmp_path.resolve()


def test_the_only_project_of_a_file_may_have_any_name(tmp_path):
    text = MINIMAL.replace("project = Project", "everything = Project")
    assert load_project(write(tmp_path, text)).name == "tiny"


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (kind, field)
        for kind, declared in DECLARATIONS.items()
        for field in declared.__struct_fields__[
            : len(declared.__struct_fields__) - len(declared.__struct_defaults__)
        ]
    ],
)
def test_what_must_be_given_is_explained_where_it_is_missing(kind, field):
    assert len(field_meaning(DECLARATIONS[kind], field)) > 15


def test_a_dataset_without_a_key_says_what_was_found_what_is_expected_and_what_to_do(tmp_path):
    assert refused(tmp_path, MINIMAL.replace(', key="id"', "")) == (
        "project.py:5: Dataset 'rows': found no `key`, expected one: the column or columns that identify a "
        "row. Add it: key=…"
    )
    told = refused(tmp_path, MINIMAL.replace(', source=read, key="id"', "")).splitlines()
    assert [each.partition("found no ")[2].partition(",")[0] for each in told] == ["`source`", "`key`"]


def test_a_file_without_a_project_says_what_is_expected(tmp_path):
    assert "expected one value `project = Project(...)`" in refused(tmp_path, "x = 1\n")


def test_modules_beside_the_project_can_be_imported_and_are_read_again(tmp_path):
    write(tmp_path, "NAME = 'first'\n", "beside.py")
    text = "import beside\nfrom comporta.project import Project\nproject = Project(beside.NAME)\n"
    file = write(tmp_path, text)
    assert load_project(file).name == "first"
    write(tmp_path, "NAME = 'other'\n", "beside.py")
    assert load_project(file).name == "other"


def test_an_unchanged_project_is_the_same_functions_when_it_is_loaded_again(tmp_path):
    file = write(tmp_path, MINIMAL)
    assert load_project(file).datasets[0].source is load_project(file).datasets[0].source
    first = load_project(file)
    file.write_text(MINIMAL + "# a comment\n")
    assert load_project(file).datasets[0].source is not first.datasets[0].source


def imported(folder: Path) -> str:
    """The project's name as Python itself imports it, in a process that keeps what it compiles."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ask = [sys.executable, "-c", "import project; print(project.project.name)"]
    done = subprocess.run(ask, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("edited", ["project.py", "beside.py"])
def test_a_text_of_the_same_size_and_second_is_not_taken_for_the_one_compiled_before(tmp_path, edited):
    write(tmp_path, "NAME = 'one'\n", "beside.py")
    file = write(tmp_path, "import beside\n" + MINIMAL.replace('"tiny"', 'beside.NAME + "one"'))
    # As Python itself compiles and keeps them, trusting whole seconds and the size.
    for each in (tmp_path / "beside.py", file):
        os.utime(each, (1_700_000_000, 1_700_000_000))
    assert imported(tmp_path) == "oneone\n"
    text = (tmp_path / edited).read_text()
    (tmp_path / edited).write_text(text.replace("'one'", "'two'").replace('+ "one"', '+ "two"'))
    os.utime(tmp_path / edited, (1_700_000_000, 1_700_000_000))
    assert imported(tmp_path) == "oneone\n", "Python itself takes it for the one before"
    assert load_project(file).name == {"project.py": "onetwo", "beside.py": "twoone"}[edited]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("project = Project('p')", True),
        ("project = comporta.Project('p', models=(), datasets=())", True),
        ("project = Project('p', root=Path('/'))", False),
        ("project = Project('p', (), (), Path('/'))", False),
        ("project = Project(**given)", False),
        ("project = Project(*given)", False),
        ("from elsewhere import project", False),
        ("project = made()", False),
        ("project = Project('p')\nproject = replace(project, root=other)", False),
        ("if True:\n    project = Project('p')", False),
        ("everything = Project('p')", False),
        ("project = (", False),
    ],
)
def test_the_root_is_told_from_the_text_only_where_it_can_be_no_other(tmp_path, statement, told):
    assert declared_root(write(tmp_path, statement)) == (tmp_path.resolve() if told else None)


def test_two_projects_do_not_share_a_module_of_the_same_name(tmp_path):
    text = "import beside\nfrom comporta.project import Project\nproject = Project(beside.NAME)\n"
    for name in ("one", "two"):
        write(tmp_path / name, f"NAME = {name!r}\n", "beside.py")
        assert load_project(write(tmp_path / name, text)).name == name


def test_the_module_has_the_file_s_own_name(tmp_path):
    load_project(write(tmp_path, MINIMAL))
    assert sys.modules["project"].__file__ == str(tmp_path / "project.py")


def test_a_syntax_error_names_file_and_line(tmp_path):
    assert refused(tmp_path, "x = 1\ny = (\n").startswith("project.py:2: ")


def test_a_syntax_error_in_a_module_beside_names_that_file(tmp_path):
    write(tmp_path, "a = 1\n\nb b\n", "beside.py")
    assert refused(tmp_path, "import beside\n").startswith("beside.py:3: ")


def test_a_missing_package_names_the_line_that_wants_it(tmp_path):
    said = refused(tmp_path, "import comporta\n\nimport no_such_package\n")
    assert said.startswith("project.py:3: ModuleNotFoundError: No module named 'no_such_package'")
    assert "Install it" in said


def test_what_a_file_raises_names_the_user_s_own_line(tmp_path):
    write(tmp_path, "def half(x):\n    return x / 0\n", "beside.py")
    assert refused(tmp_path, "import beside\nbeside.half(1)\n").startswith("beside.py:2: ZeroDivisionError")


def test_a_file_that_exits_is_a_fault_and_not_an_exit(tmp_path):
    assert refused(tmp_path, "import sys\nsys.exit(3)\n").startswith("project.py:2: SystemExit")


def test_a_wrong_span_names_the_line(tmp_path):
    text = "from comporta.records import by_time\n\nsplit = by_time(test='thirty days')\n"
    said = refused(tmp_path, text)
    assert said.startswith("project.py:3: found 'thirty days'")


def test_every_misspelt_argument_is_named_at_once(tmp_path):
    said = refused(
        tmp_path,
        """from comporta.project import Dataset, Model, Project
rows = Dataset(
    "rows",
    sauce=None,
    key="id",
)
model = Model("late", featurs=None, target="y")
project = Project("p", modles=(model,))
""",
    )
    lines = said.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        *("project.py:2", "project.py:4", *("project.py:7",) * 3, "project.py:8"),
    ]
    assert "found argument 'sauce', expected one of: name, source, key" in said
    assert "Model 'late': found no `features`" in said and "Model 'late': found no `fit`" in said


@pytest.mark.parametrize("name", ["json.py", "my-project.py", "notes.txt"])
def test_a_file_that_cannot_be_imported_by_name_is_refused(tmp_path, name):
    assert refused(tmp_path, MINIMAL, name).startswith(name)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("project = Project('shop', models=())", True),
        ("project = Project('shop', people=())", False),
        ("project = comporta.Project('shop', proven=('release',))", False),
        ("project = Project('shop', (), (), None, ())", False),
        ("project = Project('shop', **more)", False),
        ("project = Project(*every)", False),
        ("project = made()", False),
        ("project = Project('shop')\nproject = other", False),
    ],
)
def test_a_file_that_declares_no_people_is_known_by_its_text(
    tmp_path: Path, statement: str, told: bool
) -> None:
    file = tmp_path / "project.py"
    file.write_text(f"{statement}\n")
    assert leaves_out(file, "people", "proven") is told
