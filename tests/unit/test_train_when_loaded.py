"""Libraries of models are changed when they are loaded, and loaded only by who needs them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from comporta.train.families.when_loaded import when_loaded


def test_a_module_is_taught_when_it_is_loaded_or_at_once_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "late_one.py").write_text("said = ['loaded']\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for _ in range(2):
        when_loaded("late_one", lambda module: module.said.append("taught"))
    module = import_module("late_one")
    assert module.said == ["loaded", "taught"]
    when_loaded("late_one", lambda module: module.said.append("at once"))
    assert module.said[-1] == "at once"
    monkeypatch.delitem(sys.modules, "late_one")


def test_no_library_is_loaded_for_a_model_of_another():
    script = """
import sys
from comporta.train.families import prepare
prepare()
sys.exit(str({"lightgbm", "xgboost", "catboost"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
