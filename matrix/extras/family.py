"""A model of one family, trained on words, gaps and odd names, kept, opened, exported and asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from comporta.records.export import ExportAgreement
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.train import load_predictor, steps
from comporta.train.asking import open_estimator

DRAW = np.random.default_rng(3)
TABLE = pl.DataFrame(
    {
        "x[0]": pl.Series(DRAW.normal(size=400)).set(pl.Series(np.arange(400) % 11 == 0), None),
        "word": DRAW.choice(["east", "north", "south"], 400),
        "__key": [f'["{n}"]' for n in range(400)],
    }
)
TARGET = (TABLE["x[0]"].fill_null(0.0) + (TABLE["word"] == "south")).to_numpy() > 0.3


def works(fit: Callable[[Any, Any], Any], *, family: str) -> None:
    """Exits where a form of this family does not agree with the estimator, or words are lost."""
    for table, form in ((TABLE, family), (TABLE.drop("word"), family if family == "lightgbm" else "onnx")):
        at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=1)
        train = write(at, table.with_columns(__target=pl.Series(TARGET)))
        made = steps.fit(at, train=train, fit=fit)
        made |= steps.export(at, model=made["model"], signature=made["signature"], train=train)
        forms = at.get_json(made["parity"], ExportAgreement).forms
        served = load_predictor(at, made)
        served.self_test()
        if served.form != form or not forms[family].agrees:
            sys.exit(f"found the form {served.form}, expected {form}: {forms}")
        if "word" not in table.columns and not forms["onnx"].agrees:
            sys.exit(f"found no graph that agrees: {forms['onnx']}")
        model = open_estimator(at, made["model"], made["signature"])
        if model.attribution(table, table) is None:
            sys.exit("found no Shapley values")
        right = (served.predict(table)["label"] == TARGET).mean()
        if right < 0.85:
            sys.exit(f"found {right:.0%} of the training rows answered rightly, expected most")
