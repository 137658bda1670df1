import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import comporta

HEAVY = ("numpy", "polars", "pandas", "pyarrow", "sklearn", "scipy", "torch", "onnxruntime", "sqlalchemy")
ROOMS = sorted(f"comporta.{each.name}" for each in iter_modules(comporta.__path__) if each.ispkg)
LIGHT = ["comporta.records", "comporta.errors", "comporta.project", "comporta.store", "comporta.ledger"]


def loaded_by(*statements: str) -> set[str]:
    """The packages that a bare interpreter has loaded after these statements."""
    return {name.partition(".")[0] for name in modules_loaded_by(*statements)}


def modules_loaded_by(*statements: str) -> set[str]:
    code = "\n".join((*statements, "import sys, json; print(json.dumps(sorted(sys.modules)))"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {*json.loads(done.stdout.splitlines()[-1])}


def test_importing_comporta_loads_nothing_heavy():
    assert not loaded_by("import comporta") & {*HEAVY, "msgspec", "rich", "cyclopts"}


@pytest.mark.parametrize("room", LIGHT)
def test_the_lower_floors_load_nothing_heavy(room):
    heavy = {*HEAVY} - ({"sqlalchemy"} if room == "comporta.ledger" else set())
    assert not loaded_by(f"import {room}") & heavy


def test_an_opened_project_that_is_only_read_loads_no_check():
    modules = modules_loaded_by("import comporta.opened.project")
    assert "comporta.ledger" in modules
    assert not {name for name in modules if name.startswith("comporta.checks")}


def test_declaring_a_project_loads_nothing_heavy():
    names = ", ".join(comporta.__all__)
    assert not loaded_by(f"from comporta import {names}") & {*HEAVY}


def test_the_page_of_commands_loads_nothing_heavy():
    quiet = "import io, contextlib; from comporta.cli import main"
    assert not loaded_by(quiet, "with contextlib.redirect_stdout(io.StringIO()): main(['--help'])") & {
        *HEAVY,
        "rich",
        "cyclopts",
        "msgspec",
    }


@pytest.mark.parametrize("name", comporta.__all__)
def test_every_name_of_the_face_exists_and_says_what_it_is(name):
    assert getattr(comporta, name).__doc__


def test_the_face_is_about_fifteen_names_and_typed_as_it_is():
    assert len(comporta.__all__) <= 19
    stub = Path(comporta.__file__).with_suffix(".pyi").read_text()
    typed = {line.rpartition(" as ")[2] for line in stub.splitlines() if " as " in line}
    assert typed == set(comporta.__all__)
    assert set(dir(comporta)) >= set(comporta.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        comporta.no_such_name  # noqa: B018


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_in_a_room_s_face_exists(room):
    face = import_module(room)
    for name in getattr(face, "__all__", ()):
        assert getattr(face, name) is not None, f"{room}.{name}"


def test_the_version_is_the_installed_one():
    assert comporta.__version__.count(".") == 2
