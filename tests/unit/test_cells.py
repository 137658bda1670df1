"""Of all that cells ran, the statements that a name depends on: each once, as it ran, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from comporta.errors import BadProject
from comporta.project.cells import ExecutedCell, kept_statements, text_of


def kept(*cells: str, name: str = "project") -> str:
    """The file of these cells, numbered from 1."""
    return text_of(
        kept_statements([ExecutedCell(at, text) for at, text in enumerate(cells, 1)], name), "Head."
    )


def made(*cells: str) -> Any:
    """What the file makes of the name."""
    space: dict[str, Any] = {}
    exec(kept(*cells), space)
    return space["project"]


def test_what_the_name_does_not_depend_on_is_left_out():
    text = kept("import math\nimport os", "print(os.getcwd())\nx = 2", "x.real\nproject = math.sqrt(x)")
    expected = "# cell 1\nimport math\n\n# cell 2\nx = 2\n\n# cell 3\nproject = math.sqrt(x)\n"
    assert text == f'"""Head."""\n\n{expected}'


def test_a_name_bound_several_times_is_made_as_it_was_at_its_reading():
    assert made("x = 1", "x = x + 1", "project = x", "x = 7") == 2
    assert made("x = 1", "x += 4", "project = x") == 5
    assert made("x = 1", "x = x * 3", "x = x * 3", "project = x") == 9  # the cell ran twice


def test_a_function_reads_the_names_that_the_notebook_has_by_the_end():
    run = made("def scale(v):\n    return v * factor", "project = scale", "factor = 3")
    assert run(2) == 6
    run = made("factor = 2", "def scale(v):\n    return v * factor", "project = scale", "factor = 3")
    assert run(2) == 6


def test_a_function_that_a_cell_called_read_what_there_was_then():
    assert made("k = 2", "def twice(v):\n    return v * k", "project = twice(4)", "k = 100") == 8


@pytest.mark.parametrize(
    "change",
    ["d['a'] = 1", "d.update(a=1)", "for i in (1,):\n    d['a'] = i", "d |= {'a': 1}", "d['a'], b = 1, 2"],
)
def test_what_changes_a_value_in_part_belongs_to_it(change: str):
    assert made("d = {}", change, "d.items()", "project = d") == {"a": 1}


def test_local_names_and_parameters_are_no_names_of_the_notebook():
    text = kept("rows = 1\nv = 2", "def f(rows):\n    v = rows\n    return [w for w in (v,)]", "project = f")
    assert "rows = 1" not in text and "v = 2" not in text


def test_comprehensions_lambdas_classes_and_decorators_bring_what_they_read():
    text = kept(
        "a = [1]\nb = 2\nc = 3\ne = 4\nf = 5",
        "def mark(g): return g",
        "class K:\n    top = c\n    def m(self):\n        return e",
        "@mark\ndef fit(X=f):\n    return K",
        "project = ([i for i in a], lambda: b, fit)",
    )
    assert all(
        each in text for each in ("a = [1]", "b = 2", "c = 3", "e = 4", "f = 5", "@mark\ndef fit", "def mark")
    )


def test_the_newest_of_a_function_declared_twice_is_kept_alone():
    text = kept("def fit(): return 1", "def fit(): return 2", "project = fit")
    assert "return 1" not in text and "return 2" in text


def test_comments_inside_a_statement_stay_and_statements_that_share_a_line_are_parted():
    text = kept("def fit():\n    # why\n    return 1", "x = 1; y = 2; print(y)", "project = (fit, x)")
    assert "# why" in text and "x = 1" in text and "y = 2" not in text


def test_imports_of_the_future_come_first_and_a_cell_that_is_no_python_is_left_out():
    text = kept("x = 1", "not python at all", "from __future__ import annotations", "project = x")
    assert text.startswith('"""Head."""\n\nfrom __future__ import annotations\n\n# cell 1\nx = 1')


def test_a_name_that_a_star_import_brought_is_found_in_its_module():
    cells = [ExecutedCell(1, "from math import *"), ExecutedCell(2, "project = sqrt(4)")]
    found = kept_statements(cells, "project", lambda module, name: (module, name) == ("math", "sqrt"))
    assert [each.cell for each in found] == [1, 2]


def test_what_a_timed_cell_declares_is_declared():
    timed = "get_ipython().run_cell_magic('time', '', 'def fit():\\n    return 5\\n')"
    assert made(timed, "get_ipython().run_line_magic('time', 'project = fit()')") == 5


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("project = f(1)", "def f(x): return x"), "cell 1: project reads 'f', which no cell"),
        (("def f(): return missing", "project = f"), "cell 1: f reads 'missing', which no cell"),
        (("x = get_ipython().run_line_magic('time', '1')", "project = x"), "cell 1: x is a magic"),
        (("def f(): display(1)", "project = f"), "cell 1: f reads 'display'"),
        (("x = await go()", "def go(): pass", "project = x"), "reads 'go', which no cell|'await' outside"),
    ],
)
def test_what_no_file_can_hold_is_one_message_that_names_the_cell(cells: tuple[str, ...], said: str):
    with pytest.raises(BadProject, match=said):
        kept(*cells)
