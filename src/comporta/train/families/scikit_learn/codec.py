"""scikit-learn's estimators as skops archives, less what differs between two equal fits.

A skops archive (skops 0.16, `skops/io/_persist.py`) is a zip of `schema.json` and one file for each array,
sparse matrix and value of bytes.
Incidental in it are: the zip's times; memory addresses, as ids and as file names; which equal constants
happened to be one object; the order of sets; how long a search took; and bytes between the fields of
structured arrays, which scikit-learn's trees never set.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from importlib.util import find_spec
from typing import Any

import numpy as np

from comporta.errors import BadProject, Tampered, wording
from comporta.project.sources import counts_by_content, is_own_file
from comporta.records.extras import install_advice, missing_extra
from comporta.train.families import forget_origin, reviewed_types
from comporta.train.families.scikit_learn.trusted import import_skops, public_estimators, trusting

# Immutable or singletons: whether two of them are one object tells nothing.
_CONSTANT = {"JsonNode", "TypeNode", "FunctionNode", "TupleNode", "BytesNode", "DTypeNode", "SliceNode"}
_CLOCKED = ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time", "refit_time_")
_THREADS = re.compile(r"\[num_threads: -?\d+\]")


class SkopsArchive:
    """scikit-learn's estimators and pipelines, other families' inside them, and the project's own classes."""

    name = "skops"

    def accepts(self, model: Any) -> bool:
        """Whether it looks like an estimator."""
        return callable(getattr(model, "predict", None)) or callable(getattr(model, "transform", None))

    def encode(self, model: Any) -> bytes:
        """The archive, normalised. Raises BadProject, naming the parts that could not be loaded again."""
        skops = import_skops()
        from skops.io.exceptions import UnsupportedTypeException

        forget_origin(model)
        try:
            archive = skops.dumps(model)
        except (UnsupportedTypeException, TypeError, AttributeError, ValueError) as fault:
            raise BadProject(
                f"model: {type(model).__name__} cannot be written down without pickle: {fault}"
            ) from fault
        with trusting(public_estimators(archive)):
            asked = skops.get_untrusted_types(data=archive)
        strange = _strange(asked) or [name for name in asked if not _is_there(name)]
        if strange:
            raise BadProject(
                f"model: found {', '.join(strange)} inside {type(model).__name__}, expected types of "
                "scikit-learn, LightGBM, XGBoost, CatBoost or this project (declared in a file, not in a "
                "notebook or a lambda)."
            )
        return canonical(archive)

    def decode(self, data: bytes) -> Any:
        """The estimator. Raises Tampered where a type is neither reviewed nor the project's own."""
        skops = import_skops()
        try:
            estimators = public_estimators(data)
            with trusting(estimators):
                asked = skops.get_untrusted_types(data=data)
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as fault:
            raise Tampered(f"model: its archive cannot be read: {fault}") from fault
        strange = _strange(asked)
        if strange:
            raise Tampered(f"model: found {', '.join(strange)}, expected only reviewed types.")
        try:
            with trusting(estimators):
                return skops.loads(data, trusted=asked)
        except (AttributeError, ImportError) as fault:
            if install_advice(fault) and isinstance(fault, ImportError):
                raise missing_extra(fault.name or "", wording("model: a part of it")) from fault
            raise BadProject(
                f"model: it was made with something that is no longer there ({fault}). "
                "Serve it with the code it was trained with."
            ) from fault


def _strange(names: list[str]) -> list[str]:
    return [name for name in names if name not in reviewed_types() and not _is_own(name)]


def _is_own(name: str) -> bool:
    """Whether a type is declared in a file that counts by its content: the project's, not installed."""
    top = name.partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return False
    where = None if spec is None else spec.origin or next(iter(spec.submodule_search_locations or ()), None)
    return (
        where is not None
        and where not in ("built-in", "frozen")
        and counts_by_content(where)
        and not is_own_file(where)
    )


def _is_there(name: str) -> bool:
    """Whether a fresh process would find it: at the top of a module that is imported by its name."""
    module, _, last = name.rpartition(".")
    return name in reviewed_types() or (module != "__main__" and hasattr(sys.modules.get(module), last))


def canonical(archive: bytes) -> bytes:
    """The same archive without what is incidental in it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = json.loads(source.read("schema.json"))
        clocked: set[str] = set()
        _unclock(schema, clocked)
        renamed: dict[str, str] = {}
        _renumber(schema, {}, renamed, [0])
        files = {new: source.read(old) for old, new in renamed.items()}
    arrays = {renamed[old] for old in clocked}
    files = {
        name: _without_times(data, name in arrays) if name.endswith(".npy") else data
        for name, data in files.items()
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, data in {"schema.json": json.dumps(schema).encode(), **files}.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, data, compresslevel=1)
    return buffer.getvalue()


def _renumber(node: Any, ids: dict[int, int], files: dict[str, str], last: list[int]) -> None:
    """Ids in the order of the document, one per mutable object and per mention of a constant."""
    if isinstance(node, list):
        for each in node:
            _renumber(each, ids, files, last)
        return
    if not isinstance(node, dict):
        return
    if "__id__" in node and "__loader__" in node:
        constant = node["__loader__"] in _CONSTANT or (node["__class__"] != "ndarray" and "file" in node)
        known = None if constant else ids.get(node["__id__"])
        if known is None:
            last[0] += 1
            known = last[0]
            if not constant:
                ids[node["__id__"]] = known
        node["__id__"] = known
        if node["__loader__"] == "SetNode":
            node["content"].sort(key=lambda each: json.dumps(each.get("content"), sort_keys=True))
        if node["__loader__"] == "JsonNode":
            node["content"] = _THREADS.sub("[num_threads: 0]", node["content"])
    if isinstance(node.get("file"), str):
        kind = node["file"].rpartition(".")[2]
        node["file"] = files.setdefault(node["file"], f"{len(files)}.{kind}")
    for each in node.values():
        _renumber(each, ids, files, last)


def _unclock(node: Any, clocked: set[str]) -> None:
    """A search's own timings: numbers become 0, files of arrays are named in `clocked`."""
    if isinstance(node, list):
        for each in node:
            _unclock(each, clocked)
    if not isinstance(node, dict):
        return
    for name, each in node.items():
        if name in _CLOCKED and isinstance(each, dict) and isinstance(each.get("file"), str):
            clocked.add(each["file"])
        elif name in _CLOCKED and isinstance(each, dict) and each.get("__loader__") == "JsonNode":
            each["content"] = "0.0"
        else:
            _unclock(each, clocked)


def _without_times(data: bytes, clocked: bool) -> bytes:
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.names is None and not clocked:
        return data
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names or ():
        clean[name] = array[name]
    if {"left_child", "missing_go_to_left"} <= set(array.dtype.names or ()):
        clean["missing_go_to_left"][clean["left_child"] == -1] = 0
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()
