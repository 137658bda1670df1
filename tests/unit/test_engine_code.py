"""What counts as the code of a step: every edit that could change an answer, and none that could not."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from comporta.engine.code import CodeDigests
from comporta.errors import BadProject
from comporta.project.sources import enter_project

PROJECT = """
    import json
    from pathlib import Path

    import numpy as np

    import helper
    from helper import scaled as scale_it
    from shop.prices import Price, discount
    from reached import DEEP

    LIMIT = 3
    TABLE = {"a": [1, 2], "b": json.loads("[3]")}
    SETTINGS = json.loads((Path(__file__).parent / "settings.json").read_text())
    RNG = np.random.default_rng()

    def loud(function):
        def inner(*args):
            return function(*args)
        return inner

    class Base:
        def twice(self, x):
            return x * 2

    class Model(Base):
        rate = 0.5

        def fit(self, X):
            return self.twice(X) * self.rate

    @loud
    def decorated(x, *, times=LIMIT):
        return x * times

    def unrelated(x):
        return x + 1

    def fit(X, y, *, depth=6):
        \"\"\"Fits.\"\"\"
        # a comment
        if X > LIMIT:
            return Model().fit(X) + decorated(X)
        return helper.first(X) + scale_it(X) + Price(X).total() + discount(X) + TABLE["a"][0] + DEEP

    def by_settings(X):
        return SETTINGS["depth"]

    def by_module(X, name):
        return getattr(helper, name)(X)

    def by_globals(name):
        return globals()[name]

    def by_text(name):
        return __import__(name)

    def by_default(X, *, depth=json.loads("[1]")):
        return depth
"""

FILES = {
    "project.py": PROJECT,
    "helper.py": """
        from far import away

        FACTOR = 2

        def first(x):
            return away(x) * FACTOR

        def scaled(x):
            return x

        def other(x):
            return x
    """,
    "far.py": """
        def away(x):
            return x + 1

        def never(x):
            return x
    """,
    "reached.py": "from deeper import *\n",
    "deeper.py": "DEEP = 1\nOTHER = 2\n",
    "shop/__init__.py": "",
    "shop/prices.py": """
        from . import taxes
        from .taxes import rate

        class Price:
            def __init__(self, x):
                self.x = x

            def total(self):
                return self.x * taxes.added() + rate

        def discount(x):
            return x
    """,
    "shop/taxes.py": "rate = 0.2\n\ndef added():\n    return 1 + rate\n\ndef unused():\n    return 0\n",
    "settings.json": '{"depth": 3}',
    "unrelated_file.py": "def nothing():\n    return 0\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(text))
    return tmp_path


def edit(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def digest(root: Path, name: str = "fit") -> str:
    """As a fresh process would tell it."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(str(root)):
            sys.modules.pop(module.__name__, None)
    return CodeDigests(root).of([f"project.py:{name}"]).digest


CHANGES = {
    "the function itself": ("project.py", "if X > LIMIT", "if X >= LIMIT"),
    "a default": ("project.py", "depth=6", "depth=7"),
    "a constant": ("project.py", "LIMIT = 3", "LIMIT = 4"),
    "a value in a container": ("project.py", 'json.loads("[3]")', 'json.loads("[4]")'),
    "a decorator": ("project.py", "return function(*args)", "return function(*args) + 1"),
    "a default of a decorated function": ("project.py", "times=LIMIT", "times=LIMIT + 1"),
    "a method": ("project.py", "self.twice(X) * self.rate", "self.twice(X) / self.rate"),
    "an inherited method": ("project.py", "return x * 2", "return x * 3"),
    "a class attribute": ("project.py", "rate = 0.5", "rate = 0.6"),
    "a helper one file away": ("helper.py", "away(x) * FACTOR", "away(x) + FACTOR"),
    "a constant one file away": ("helper.py", "FACTOR = 2", "FACTOR = 3"),
    "a helper two files away": ("far.py", "return x + 1", "return x + 2"),
    "a function imported under another name": ("helper.py", "return x\n", "return -x\n"),
    "a method in a package": ("shop/prices.py", "self.x * taxes", "self.x + taxes"),
    "a function by relative import": ("shop/taxes.py", "return 1 + rate", "return 2 + rate"),
    "a constant by relative import": ("shop/taxes.py", "rate = 0.2", "rate = 0.3"),
    "what a name is imported from": ("project.py", "import scaled as scale_it", "import other as scale_it"),
    "a star import": ("deeper.py", "DEEP = 1", "DEEP = 2"),
    "another name of a star import": ("deeper.py", "OTHER = 2", "OTHER = 3"),
    "an effect of importing": ("far.py", "def never", "print('imported')\n\ndef never"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_edit_that_could_change_the_answer_changes_the_digest(root: Path, change: str) -> None:
    before = digest(root)
    edit(root, *CHANGES[change])
    assert digest(root) != before


SAME = {
    "a comment": ("project.py", "# a comment", "# another comment\n        # of two lines"),
    "a docstring": ("project.py", "Fits.", "Fits a model."),
    "a docstring one file away": ("far.py", "def away(x):\n", 'def away(x):\n    """Adds one."""\n'),
    "layout": ("project.py", "return x * 2", "return (\n                x * 2\n            )"),
    "an unrelated function": (
        "project.py",
        "def unrelated(x):\n    return x + 1",
        "def unrelated(x):\n    return 9",
    ),
    "an unrelated function one file away": (
        "far.py",
        "def never(x):\n    return x",
        "def never(x):\n    return 7",
    ),
    "an unrelated new function": ("helper.py", "def other", "def newer(x):\n    return 0\n\ndef other"),
    "an unrelated function in a package": ("shop/taxes.py", "return 0", "return 1"),
    "an unrelated file": ("unrelated_file.py", "return 0", "return 1"),
    "a main block": ("far.py", "def never", 'if __name__ == "__main__":\n    print(1)\n\ndef never'),
    "where a function stands": ("far.py", "def away", "\n\n\ndef away"),
}


@pytest.mark.parametrize("change", SAME)
def test_an_edit_that_cannot_change_the_answer_leaves_the_digest(root: Path, change: str) -> None:
    before = digest(root)
    edit(root, *SAME[change])
    assert digest(root) == before


def test_a_constant_made_at_import_counts_by_its_value(root: Path) -> None:
    before = digest(root, "by_settings")
    (root / "settings.json").write_text('{"depth": 4}')
    assert digest(root, "by_settings") != before
    (root / "settings.json").write_text('{"depth":   3}')
    assert digest(root, "by_settings") == before


def test_a_constant_without_a_value_of_its_own_counts_by_its_source(root: Path) -> None:
    edit(root, "project.py", "def unrelated(x)", "def drawn():\n    return RNG.random()\n\ndef unrelated(x)")
    before = digest(root, "drawn")
    assert digest(root, "drawn") == before
    edit(root, "project.py", "default_rng()", "default_rng(7)")
    assert digest(root, "drawn") != before


def test_what_reaches_a_module_by_name_takes_all_of_it(root: Path) -> None:
    before = digest(root, "by_module")
    edit(root, "helper.py", "def other(x):\n    return x", "def other(x):\n    return -x")
    assert digest(root, "by_module") != before


def test_globals_takes_the_whole_file(root: Path) -> None:
    before = digest(root, "by_globals")
    edit(root, "project.py", "def unrelated(x):\n    return x + 1", "def unrelated(x):\n    return x + 2")
    assert digest(root, "by_globals") != before


def test_an_import_by_text_takes_every_file(root: Path) -> None:
    before = digest(root, "by_text")
    edit(root, "unrelated_file.py", "return 0", "return 1")
    assert digest(root, "by_text") != before


def test_a_module_asked_for_by_a_written_name_is_followed_and_no_other(root: Path) -> None:
    (root / "project.py").write_text(
        "import sys\nfrom importlib import import_module\n"
        "def fit(X):\n    import_module('far')\n    return sys.modules['helper'].first(X)\n"
    )
    before = digest(root)
    edit(root, "unrelated_file.py", "return 0", "return 1")
    assert digest(root) == before
    edit(root, "far.py", "def never(x):\n    return x", "def never(x):\n    return 2 * x")
    middle = digest(root)
    assert middle != before
    edit(root, "helper.py", "FACTOR = 2", "FACTOR = 3")
    assert digest(root) != middle


def test_a_module_asked_for_by_a_name_made_at_run_time_takes_every_file(root: Path) -> None:
    (root / "project.py").write_text(
        "import importlib as loader\ndef fit(X, name):\n    return loader.import_module(name).run(X)\n"
    )
    before = digest(root)
    edit(root, "unrelated_file.py", "return 0", "return 1")
    assert digest(root) != before


def test_what_a_conditional_import_means_belongs_to_the_code(root: Path) -> None:
    text = "try:\n    import far as tool\nexcept ImportError:\n    import helper as tool\n"
    (root / "project.py").write_text(f"{text}def fit(X):\n    return tool.away(X)\n")
    before = digest(root)
    (root / "project.py").write_text(
        f"{text.replace('ImportError', 'OSError')}def fit(X):\n    return tool.away(X)\n"
    )
    assert digest(root) != before


def test_functions_in_a_registry_are_followed(root: Path) -> None:
    (root / "project.py").write_text(
        dedent("""
            from far import never
            REGISTRY = {}
            def register(function):
                REGISTRY[function.__name__] = function
                return function
            @register
            def one(x):
                return x
            register(never)
            def fit(X, name):
                return REGISTRY[name](X)
        """)
    )
    before = digest(root)
    edit(root, "project.py", "def one(x):\n    return x", "def one(x):\n    return 2 * x")
    middle = digest(root)
    assert middle != before
    edit(root, "far.py", "def never(x):\n    return x", "def never(x):\n    return 2 * x")
    assert digest(root) != middle


def test_a_constant_filled_after_its_assignment_counts_by_what_it_holds(root: Path) -> None:
    (root / "project.py").write_text(
        dedent("""
            WEIGHTS = {}
            for name in ("a", "b"):
                WEIGHTS[name] = 1
            def fit(X):
                return WEIGHTS["a"]
        """)
    )
    before = digest(root)
    edit(root, "project.py", '("a", "b")', '("a", "c")')
    assert digest(root) != before


def test_an_imported_estimator_of_another_name_is_another_code(root: Path) -> None:
    text = "from sklearn.linear_model import Ridge as Model\ndef fit(X, y):\n    return Model().fit(X, y)\n"
    (root / "project.py").write_text(text)
    before = digest(root)
    (root / "project.py").write_text(text.replace("Ridge as", "Lasso as"))
    assert digest(root) != before


def test_an_import_inside_a_function_is_followed(root: Path) -> None:
    (root / "project.py").write_text("def fit(X):\n    from far import away\n    return away(X)\n")
    before = digest(root)
    edit(root, "far.py", "return x + 1", "return x + 2")
    assert digest(root) != before


def test_a_frame_made_at_import_counts_by_its_rows(root: Path) -> None:
    text = "import polars as pl\nT = pl.DataFrame({'a': [1, 2]})\ndef fit(X):\n    return X.join(T, on='a')\n"
    (root / "project.py").write_text(text)
    before = digest(root)
    assert digest(root) == before
    (root / "project.py").write_text(text.replace("[1, 2]", "[1, 3]"))
    assert digest(root) != before


def test_the_same_file_elsewhere_has_the_same_digest(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    for name, text in FILES.items():
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_text(dedent(text))
    assert digest(root) == digest(other)


def test_an_edit_of_the_same_size_within_a_moment_is_seen(root: Path) -> None:
    code = CodeDigests(root)
    before = code.of(["far.py:away"]).digest
    moment = (root / "far.py").stat().st_mtime_ns
    edit(root, "far.py", "return x + 1", "return x + 2")
    os.utime(root / "far.py", ns=(moment, moment))
    code.refresh()
    assert code.of(["far.py:away"]).digest != before


def test_a_new_file_that_shadows_a_package_is_seen(root: Path) -> None:
    code = CodeDigests(root)
    (root / "project.py").write_text("import yaml\ndef fit(X):\n    return yaml.safe_load(X)\n")
    before = code.of(["project.py:fit"])
    assert before.packages == ("yaml",)
    (root / "yaml.py").write_text("def safe_load(x):\n    return x\n")
    code.refresh()
    after = code.of(["project.py:fit"])
    assert after.packages == () and str(root / "yaml.py") in after.files


def test_a_syntax_error_is_told_with_its_line(root: Path) -> None:
    edit(root, "far.py", "return x + 1", "return x +")
    with pytest.raises(BadProject, match=r"far\.py:3"):
        digest(root)


def test_only_imported_distributions_belong_to_the_environment(root: Path) -> None:
    (root / "project.py").write_text("import json\nimport polars as pl\ndef fit(X):\n    return pl.len()\n")
    assert CodeDigests(root).of(["project.py:fit"]).packages == ("polars",)


def editable(root: Path, site: Path) -> Path:
    """A sibling package as `pip install --editable` leaves it: a path file and metadata."""
    sibling = root.parent / "sibling"
    (sibling / "src" / "sibling").mkdir(parents=True)
    (sibling / "src" / "sibling" / "__init__.py").write_text("from sibling.inner import area\n")
    (sibling / "src" / "sibling" / "inner.py").write_text(
        "def area(x):\n    return x\n\ndef other():\n    return 0\n"
    )
    info = site / "sibling-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sibling\nVersion: 1.0\n")
    (info / "direct_url.json").write_text(
        f'{{"url": "{sibling.as_uri()}", "dir_info": {{"editable": true}}}}'
    )
    (site / "sibling.pth").write_text(f"{sibling / 'src'}\n")
    return sibling / "src"


def test_a_sibling_package_installed_in_editable_mode_counts_by_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    source = editable(root, tmp_path / "site-packages")
    monkeypatch.setattr(sys, "path", [*sys.path, str(source), str(tmp_path / "site-packages")])
    assert importlib.metadata.version("sibling") == "1.0"
    (root / "project.py").write_text("import sibling\ndef fit(X):\n    return sibling.area(X)\n")
    enter_project(root)
    before = digest(root)
    edit(source, "sibling/inner.py", "return 0", "return 1")
    assert digest(root) == before
    edit(source, "sibling/inner.py", "return x", "return 2 * x")
    assert digest(root) != before


def test_comportas_own_steps_count_by_the_code_they_reach(tmp_path: Path) -> None:
    reach = CodeDigests(tmp_path).of(["comporta.engine.question:recipe_digest"])
    assert any(file.endswith("comporta/store/keys.py") for file in reach.files)
    assert not any("comporta/serve/" in file for file in reach.files)


def test_a_step_of_comportas_own_reaches_no_stray_file_of_the_project(tmp_path):
    (tmp_path / "project.py").write_text("def fit(X, y):\n    return None\n")
    stray = tmp_path / "stray.py"
    stray.write_text("raise SystemExit('imported by nobody')\n")
    code = CodeDigests(tmp_path)
    refs = ("comporta.train.steps:fit", "project.py:fit")
    before = code.of(refs).digest
    stray.write_text("raise SystemExit('changed')\n")
    code.refresh()
    assert code.of(refs).digest == before


def test_the_code_a_check_declares_is_the_projects_own_with_all_it_calls(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(
        "from comporta.records import Record\nLEAST = 5\ndef most():\n    return 9\n"
        "class Own(Record):\n    def judge(self, evidence):\n        return LEAST < len(evidence) < most()\n"
    )
    code = CodeDigests(tmp_path)
    refs = ("project.py:Own",)
    before = code.of(refs)
    assert any("comporta/records" in file for file in before.files)
    for old, new in (("LEAST = 5", "LEAST = 4"), ("return 9", "return 10"), ("< most", "<= most")):
        was = code.own(refs)
        edit(tmp_path, "project.py", old, new)
        code.refresh()
        assert code.own(refs) != was


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="these were made by Python 3.11, whose trees they tell"
)
@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("fit", "8346d7548c6d97039f028eede6ed044ecc23d622eed673bb60812e75ff87e6a5"),
        ("by_settings", "8f274ceb14913c3a309600c704123abb4dc193a326275b142cb73279545c51cf"),
        ("by_module", "355d0ce53355b4e159dd13d25526a1f9b22e809c765d724c4b64bd350124db88"),
        ("by_default", "acff3aa67f8a0db76e7112ad121c1f7dd317cc6b5691991f11969ea8a9a372b4"),
        ("Model", "3b5e9117b62148e5bdd2839e76120893e3003309eef9a499b3966baa45b68fe2"),
    ],
)
def test_what_an_older_release_told_of_a_checks_code_is_still_told(root: Path, name: str, then: str) -> None:
    digest(root)
    assert CodeDigests(root).former((f"project.py:{name}",)) == then
