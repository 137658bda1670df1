"""A project of cells becomes a project file beside the notebook, which makes the same project or is refused.

In place of a kernel a shell that does what these need of it: it runs cells and knows what it ran. In a real
kernel: tests/real/test_notebook.py.
"""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from comporta.errors import BadProject
from comporta.project.notebook import MARK, project_in_file
from comporta.project.reference import name_of

CELLS = (
    "from comporta import Dataset, Features, Model, Project",
    "def read():\n    return None",
    "def fit(X, y, *, depth=1):\n    return X",
    "params = {'depth': 2}",
    "visits = Dataset('visits', read, key='id')\nfeatures = Features('f', of=visits, known=('id',))",
    "buys = Model('buys', features=features, target='y', fit=fit, params=params)",
    "project = Project('My shop', models=(buys,))",
)


class Shell:
    """Runs cells in `__main__`."""

    def __init__(self, main: ModuleType) -> None:
        self.main = main
        self.history_manager = SimpleNamespace(input_hist_parsed=[""])

    def run(self, *cells: str) -> Any:
        for cell in cells:
            history = self.history_manager.input_hist_parsed
            history.append(cell)
            name = f"<cell {id(self)} {len(history)}>"
            linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
            exec(compile(cell, name, "exec"), vars(self.main))
        return vars(self.main).get("project")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    main, ipython = ModuleType("__main__"), ModuleType("IPython")
    made = Shell(main)
    vars(ipython)["get_ipython"] = lambda: made
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.chdir(tmp_path)
    return made


def test_the_file_makes_the_same_project_and_its_functions_have_names(shell: Shell, tmp_path: Path) -> None:
    made = project_in_file(shell.run("print('hello')", *CELLS))
    text = (tmp_path / "my_shop_notebook.py").read_text()
    assert text.startswith(f'"""{MARK}') and "hello" not in text
    assert made.root == tmp_path and made.models[0].params == {"depth": 2}
    assert name_of(made.models[0].fit, tmp_path) == "my_shop_notebook.py:fit"
    assert name_of(made.tables()["visits"].source, tmp_path) == "my_shop_notebook.py:read"


def test_an_edited_cell_makes_the_file_anew_and_one_that_says_the_same_leaves_it(shell: Shell) -> None:
    project = shell.run(*CELLS)
    file = Path("my_shop_notebook.py")
    project_in_file(project)
    first = file.stat().st_mtime_ns
    project_in_file(project)
    assert file.stat().st_mtime_ns == first
    made = project_in_file(shell.run("def fit(X, y, *, depth=9):\n    return y", *CELLS[3:]))
    assert "depth=9" in file.read_text() and made.models[0].fit(1, 2) == 2


def test_a_project_of_another_name_is_found_in_its_file(shell: Shell) -> None:
    shell.run(*CELLS[:-1], "shop = Project('shop', models=(buys,))", "_ = shop")
    assert project_in_file(vars(shell.main)["shop"]).name == "shop"
    assert Path("shop_notebook.py").read_text().endswith("\nproject = shop\n")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            ("def change():\n    params['depth'] = 7", "change()"),
            r"Model 'buys': params\['depth'\]: found another",
        ),
        (
            ("def fit(X, y, *, depth=1):\n    return y",),
            "fit: found another value in this notebook than its cells",
        ),
    ],
)
def test_what_the_cells_do_not_make_is_refused_with_what_differs(
    shell: Shell, cells: tuple[str, ...], said: str
) -> None:
    project = shell.run(*CELLS, *cells)
    with pytest.raises(BadProject, match=said):
        project_in_file(project)


def test_a_cell_that_failed_halfway_is_noticed(shell: Shell) -> None:
    shell.run(*CELLS)
    with pytest.raises(ZeroDivisionError):
        shell.run("1 / 0\nproject = Project('other', models=())")
    with pytest.raises(BadProject, match=r"Project .My shop.: name: found another value"):
        project_in_file(vars(shell.main)["project"])


def test_a_project_without_a_name_a_foreign_file_and_a_folder_that_is_none_are_one_message(
    shell: Shell, tmp_path: Path
) -> None:
    project = shell.run(*CELLS)
    (tmp_path / "my_shop_notebook.py").write_text("precious = 1\n")
    with pytest.raises(BadProject, match="found a file that Comporta did not write"):
        project_in_file(project)
    assert (tmp_path / "my_shop_notebook.py").read_text() == "precious = 1\n"
    with pytest.raises(BadProject, match="found a project without a name"):
        project_in_file(shell.run("_ = project", "del project") or vars(shell.main)["_"])
    lost = shell.run(
        *CELLS[:-1], "from pathlib import Path", "project = Project('x', (buys,), (), Path('/no/such'))"
    )
    with pytest.raises(BadProject, match=r"/no/such/x_notebook\.py cannot be written"):
        project_in_file(lost)
    assert [each.name for each in tmp_path.iterdir()] == ["my_shop_notebook.py"]


def test_a_project_of_files_stays_what_it_is(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def read():\n    return None\n")
    project = shell.run(
        "import sys; sys.path.insert(0, '')\nimport mine\nfrom comporta import Dataset, Project",
        "project = Project('p', datasets=(Dataset('d', mine.read, key='id'),))",
    )
    sys.path.remove("")
    sys.modules.pop("mine")
    assert project_in_file(project) is project and not (tmp_path / "p_notebook.py").exists()
