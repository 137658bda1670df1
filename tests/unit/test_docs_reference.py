import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules, walk_packages

import msgspec
import pytest

import comporta
from comporta import errors
from comporta.cli.commands import COMMANDS
from comporta.project.locate import DECLARATIONS
from comporta.project.settings import Settings
from comporta.records.facts import FACTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = {file.stem: file.read_text() for file in sorted((DOCS / "reference").glob("*.md"))}
PAGES = [
    *sorted(DOCS.rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
]
ERRORS = [name for name, each in vars(errors).items() if isinstance(each, type)]


def protocols() -> list[str]:
    """Extension points: protocols that a room, or the shipped test kit, offers by name."""
    found = set()
    for module in iter_modules(comporta.__path__, "comporta."):
        if module.ispkg:
            face = import_module(module.name)
            offered = [getattr(face, name) for name in getattr(face, "__all__", ())]
            found |= {each.__name__ for each in offered if getattr(each, "_is_protocol", False)}
    return sorted(found)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_documented(command):
    assert re.search(rf"\*\*`?comporta\s+{command.name.replace(' ', chr(92) + 's+')}\b", REFERENCE["cli"])


@pytest.mark.parametrize("kind", [fact.kind for fact in FACTS])
def test_what_every_fact_holds_is_documented(kind):
    chapter = REFERENCE["ledger"].partition("## What facts hold")[2].partition("\n## ")[0]
    assert f"`{kind}`" in chapter


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_is_documented_and_in_both_trees(name):
    assert f"| `{name}` |" in REFERENCE["errors"]
    tree = REFERENCE["errors"].partition("| error |")[0]
    assert re.search(rf"\b{name}\b", tree)
    assert re.search(rf"\b{name}\b", errors.__doc__)


@pytest.mark.parametrize("name", protocols())
def test_every_extension_point_is_documented(name):
    assert any(f"`{name}" in text for text in REFERENCE.values()), (
        f"{name} is in no chapter of docs/reference"
    )


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind, each in DECLARATIONS.items() for field in each.__struct_fields__],
)
def test_every_field_that_a_user_writes_is_documented(kind, field):
    chapter = REFERENCE["project"].partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    assert f"`{field}`" in chapter


def test_every_setting_is_documented_with_its_default():
    for field in msgspec.structs.fields(Settings):
        variable = f"COMPORTA_{field.name.upper()}"
        default = f"`{field.default}`" if field.default else "none"
        assert f"| `{field.name}` | {default} | `{variable}` |" in REFERENCE["project"]


def test_every_name_of_the_root_face_is_documented():
    everything = "\n".join(REFERENCE.values())
    for name in comporta.__all__:
        assert re.search(rf"`(comporta\.)?{name}\b|## {name}\n", everything), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file) if file else page
        assert there.exists(), f"{target} in {page.name}"
        if anchor:
            titles = re.findall(r"^#+ (.+)$", there.read_text(), flags=re.M)
            assert anchor in {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in titles}


def test_every_page_is_reached_from_the_index():
    index = (DOCS / "index.md").read_text()
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).as_posix()
        assert name == "index.md" or f"({name})" in index, f"docs/index.md does not lead to {name}"


def test_every_module_opens_with_what_it_is():
    for module in walk_packages(comporta.__path__, "comporta."):
        if module.name.endswith(("__main__",)) or ".migrations" in module.name:
            continue
        file = Path(comporta.__file__).parent.joinpath(*module.name.split(".")[1:])
        source = (file / "__init__.py" if module.ispkg else file.with_suffix(".py")).read_text()
        assert source.startswith('"""') or not source.strip(), module.name


@pytest.mark.parametrize(
    "page",
    [
        each
        for each in PAGES
        if each.parent.name in ("how-to", "reference")
        and re.search(r"\beras(e|ed|es|ing|ure)\b(?!`)", re.sub(r"`[^`]*`", "", each.read_text()))
    ],
    ids=lambda page: page.name,
)
def test_a_page_that_speaks_of_erasing_rows_says_that_it_is_being_built(page):
    """Until a command erases a subject: whoever reads one page must not count on it."""
    assert "erase" not in {command.name.partition(" ")[0] for command in COMMANDS}, (
        "this test has done its work"
    )
    said = "is being built" if page.name == "data.md" else "data.md#erasure"
    assert said in page.read_text()
