"""LightGBM's compiled library, without its Python package.

`import lightgbm` brings scikit-learn, SciPy and pandas along where they are installed: some 90 MB in each
process that answers requests. To answer them takes a few functions of its C interface (`LightGBM/c_api.h`,
version 4).
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEEDED = (
    "LGBM_BoosterFree",
    "LGBM_BoosterGetNumClasses",
    "LGBM_BoosterGetNumFeature",
    "LGBM_BoosterLoadModelFromString",
    "LGBM_BoosterPredictForMat",
    "LGBM_BoosterPredictForMatSingleRowFast",
    "LGBM_BoosterPredictForMatSingleRowFastInit",
    "LGBM_FastConfigFree",
    "LGBM_GetLastError",
)
_MAJOR = "4"
_DOUBLE, _BY_ROW, _NORMAL = 1, 1, 0  # C_API_DTYPE_FLOAT64, is_row_major, C_API_PREDICT_NORMAL
_SETTINGS = b"num_threads=1"


@cache
def lightgbm_library() -> ctypes.CDLL | None:
    """The library of the installed package, which is found and not imported; None where it is not where
    version 4 has it, or lacks a function."""
    spec = importlib.util.find_spec("lightgbm")
    for place in (spec and spec.submodule_search_locations) or ():
        file = Path(place, "lib", f"lib_lightgbm.{'dylib' if sys.platform == 'darwin' else 'so'}")
        try:
            if Path(place, "VERSION.txt").read_text(encoding="utf-8").partition(".")[0] != _MAJOR:
                continue
            library = ctypes.CDLL(str(file))
        except OSError:
            continue
        if all(hasattr(library, name) for name in _NEEDED):
            library.LGBM_GetLastError.restype = ctypes.c_char_p
            return library
    return None


class LoadedTrees:
    """A booster read from its text; freed with this object."""

    def __init__(self, library: ctypes.CDLL, text: bytes) -> None:
        """Raises RuntimeError on a text that is no booster's."""
        self.handle = ctypes.c_void_p()
        _require(
            library,
            library.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text), ctypes.byref(ctypes.c_int()), ctypes.byref(self.handle)
            ),
        )
        weakref.finalize(self, library.LGBM_BoosterFree, self.handle).atexit = False
        self.features, self.classes = ctypes.c_int(), ctypes.c_int()
        _require(library, library.LGBM_BoosterGetNumFeature(self.handle, ctypes.byref(self.features)))
        _require(library, library.LGBM_BoosterGetNumClasses(self.handle, ctypes.byref(self.classes)))


class RowCalls:
    """A booster's predictions on one thread, a single row by a call that is prepared once.

    owner: what the handle is freed with. last: the iteration that predictions stop at, -1 for all. width:
    features. classes: numbers that one row is answered with.
    """

    def __init__(
        self, library: ctypes.CDLL, owner: Any, handle: Any, *, last: int, width: int, classes: int
    ) -> None:
        self._library, self._owner, self._handle = library, owner, handle
        self._last, self._width, self._classes = last, width, classes
        self._prepared, self._length = ctypes.c_void_p(), ctypes.c_int64()
        self._row, self._said = np.empty((1, width)), np.empty(classes)
        self._bytes = self._row.data.cast("B")
        self._require(
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                handle, _NORMAL, 0, last, _DOUBLE, width, _SETTINGS, ctypes.byref(self._prepared)
            )
        )
        weakref.finalize(self, library.LGBM_FastConfigFree, self._prepared).atexit = False
        self._call = library.LGBM_BoosterPredictForMatSingleRowFast
        self._arguments = (
            self._prepared,
            ctypes.c_void_p(self._row.ctypes.data),
            ctypes.byref(self._length),
            ctypes.c_void_p(self._said.ctypes.data),
        )

    def one(self, row: NDArray[Any]) -> NDArray[np.float64]:
        """Of one row, (classes,). One buffer: a caller has to take turns."""
        self._row[0] = row
        if self._call(*self._arguments):
            self._require(1)
        return self._said.copy()

    def one_packed(self, row: bytes) -> list[float]:
        """The same of a row's doubles, 8 bytes each in this machine's order."""
        self._bytes[:] = row
        if self._call(*self._arguments):
            self._require(1)
        return self._said.tolist()

    def many(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Of rows, one after another, (n * classes,)."""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        out = np.empty(len(rows) * self._classes)
        self._require(
            self._library.LGBM_BoosterPredictForMat(
                self._handle, ctypes.c_void_p(rows.ctypes.data), _DOUBLE, len(rows), self._width, _BY_ROW,
                _NORMAL, 0, self._last, _SETTINGS, ctypes.byref(ctypes.c_int64()),
                ctypes.c_void_p(out.ctypes.data),
            )
        )  # fmt: skip
        return out

    def _require(self, code: int) -> None:
        _require(self._library, code)


def _require(library: ctypes.CDLL, code: int) -> None:
    if code:
        raise RuntimeError(f"LightGBM: {library.LGBM_GetLastError().decode(errors='replace')}")
