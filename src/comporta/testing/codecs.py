"""What every codec must do, as tests: subclass `CodecContract`, give it a codec and a file of fits."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from comporta.errors import BadProject, ComportaError
from comporta.records.codec import Codec

Fit = Callable[[], tuple[Any, Any]]


class CodecContract:
    """Give it `codec()`, and `fits`: a Python file whose `FITS` maps names to functions that fit a model
    and return it with rows to predict. The file is run in fresh processes too.

    >>> class TestMine(CodecContract):
    ...     fits = Path(__file__).parent / "my_fits.py"
    ...     names = ("one", "another")
    ...
    ...     @staticmethod
    ...     def codec():
    ...         return MyCodec()
    """

    fits: Path
    codec: Callable[[], Codec]

    def test_its_name_is_one_word(self) -> None:
        assert self.codec().name.isidentifier()

    def test_it_refuses_what_is_no_model(self) -> None:
        codec = self.codec()
        assert not codec.accepts(None)
        assert not codec.accepts({"a": 1})

    def test_the_same_fit_in_two_processes_gives_equal_bytes(self) -> None:
        # One thread on both sides: how work is split moves a fit's last bits, as it may.
        with threadpool_limits(1):
            here = {name: _digest(self.codec(), fit) for name, fit in _load(self.fits).items()}
        where = Path(sys.modules[type(self).__module__].__file__ or "")
        there = _elsewhere(where, type(self).__name__)
        differ = sorted(name for name in here if here[name] != there[name])
        assert not differ, f"other bytes in another process: {', '.join(differ)}"

    def test_what_is_decoded_predicts_as_what_was_encoded(self) -> None:
        codec = self.codec()
        for name, fit in _load(self.fits).items():
            model, rows = fit()
            assert codec.accepts(model), name
            again = codec.decode(codec.encode(model))
            for way in ("predict", "predict_proba"):
                if hasattr(model, way):
                    assert np.array_equal(getattr(model, way)(rows), getattr(again, way)(rows)), (name, way)

    def test_encoding_leaves_the_model_as_it_was(self) -> None:
        codec = self.codec()
        model, rows = next(iter(_load(self.fits).values()))()
        before = model.predict(rows)
        codec.encode(model)
        assert np.array_equal(before, model.predict(rows))

    @pytest.mark.parametrize("harm", [b"", b"rubbish", b"\x00" * 64, b"PK\x03\x04 no archive"])
    def test_rubbish_is_refused_with_one_clear_error(self, harm: bytes) -> None:
        with pytest.raises(ComportaError):
            self.codec().decode(harm)

    def test_a_pickle_is_never_opened(self, tmp_path: Path) -> None:
        mark = tmp_path / "it ran"

        class Trap:
            def __reduce__(self) -> tuple[Any, ...]:
                return os.mkdir, (str(mark),)

        with pytest.raises(ComportaError):
            self.codec().decode(pickle.dumps(Trap()))
        assert not mark.exists()

    def test_what_cannot_be_kept_is_said_so(self) -> None:
        """A function made on the spot could not be found again."""

        class Stranger:
            def predict(self, rows: Any) -> Any:
                return rows

        codec = self.codec()
        if codec.accepts(Stranger()):
            with pytest.raises(BadProject):
                codec.encode(Stranger())


def _load(path: Path) -> Mapping[str, Fit]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Mapping[str, Fit] = module.FITS
    return found


def _digest(codec: Codec, fit: Fit) -> str:
    return hashlib.sha256(codec.encode(fit()[0])).hexdigest()


def _elsewhere(tests: Path, name: str) -> dict[str, str]:
    """Each fit's bytes, by digest, from a fresh process that orders its sets in another way."""
    environment = {**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
    run = f"from comporta.testing.codecs import _tell; _tell({str(tests)!r}, {name!r})"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(tests: str, name: str) -> None:
    spec = importlib.util.spec_from_file_location("the_tests", tests)
    assert spec is not None and spec.loader is not None, tests
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    suite = getattr(module, name)
    print(json.dumps({name: _digest(suite.codec(), fit) for name, fit in _load(suite.fits).items()}))
