"""A kept model that answers: rows in, labels, probabilities or numbers out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.errors import BadData, NotFound, Tampered
from comporta.records import Artifact, Record, Signature
from comporta.records.column_type import type_kind
from comporta.records.export import ExportAgreement
from comporta.records.kind import kind_of
from comporta.stats.classes import labels_from
from comporta.store.context import StepContext
from comporta.train.codecs import Codec, body_of, from_bytes, header_of, shipped
from comporta.train.compiled import CompiledModel
from comporta.train.decisions import classes_of, decide, in_order, is_swapped
from comporta.train.families import QUICKEST, compilers, kept_compilers, prepare
from comporta.train.families.onnx.prediction import compile_onnx
from comporta.train.form_by_size import FormsFrom, form_by_size
from comporta.train.frames import Reads, dress, hand, words_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Answer = dict[str, NDArray[Any]]


NAN = float("nan")
FEW = 1_000
QUICK = 64
_TEXT = (pl.String, pl.Enum, pl.Categorical)


def _same_numbers(dtype: pl.DataType, name: str) -> bool:
    return str(dtype) == name or (dtype.is_integer() and type_kind(name) == "real")


class TrialRows(Record, frozen=True, kw_only=True):
    """Rows that a server asks a fresh predictor before it lets it serve, and what the estimator answered.

    rows: made from quantiles and words, none of them anyone's. answers: numbers, or a list per class.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[float | int | str | bool | None, ...], ...]
    answers: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] = ()
    tolerance: float = 1e-5


class Predictor:
    """One model, ready. `predict` takes features in any order and answers what the signature promises.

    open: gives the estimator, where it was not needed to answer and so not loaded. forms: where another form
    answers many rows.
    """

    def __init__(
        self,
        signature: Signature,
        native: Any,
        reads: Reads,
        compiled: CompiledModel | None = None,
        trial: TrialRows | None = None,
        *,
        open: Callable[[], Any] | None = None,
        forms: FormsFrom | None = None,
    ) -> None:
        self.signature = signature
        self.trial = trial
        self._native = native
        self._reads = reads
        self._compiled = compiled
        self._pools: Any = None
        self._open = open
        self._forms = forms
        self._labels = labels_from(signature.classes, signature.label)
        self._numbers = all(field.values or field.kind != "text" for field in signature.features)
        self._words = [
            {word: float(at) for at, word in enumerate(field.values)} if field.kind == "text" else None
            for field in signature.features
        ]

    @property
    def native(self) -> Any:
        """The estimator as it was fitted; loaded when first asked for."""
        if self._native is None and self._open is not None:
            self._native = self._open()
        return self._native

    @property
    def form(self) -> str:
        """What answers: `native`, `onnx`, or a family's own call by its name."""
        return "native" if self._compiled is None else self._compiled.form

    @property
    def forms(self) -> FormsFrom:
        """From how many rows on which form answers."""
        return self._forms or ((1, self.form),)

    def predict(self, rows: pl.DataFrame | NDArray[Any]) -> Answer:
        """`{"label": (n,), "probability": (n, classes)}`, either or both as the signature's output says;
        `{"prediction": (n,)}` for regression. rows: a frame with the features, or an array in their order
        (missing as NaN). Raises BadData."""
        if isinstance(rows, np.ndarray):
            return self.fast(rows)
        if rows.height <= QUICK and self._compiled is not None and self._compiled.array is not None:
            plain = self._plain(rows)
            if plain is not None:
                return self._answer(*self._compiled.array(plain))
        dressed = dress(rows, self.signature.features)
        if self._compiled is not None:
            return self._answer(*self._compiled.frame(dressed))
        return self._answer(*self._ask(dressed))

    def _plain(self, rows: pl.DataFrame) -> NDArray[np.float64] | None:
        """What `matrix(dress(rows))` is, for a few rows: casting costs more than the answer. None where a
        column is missing or of a type that only `dress` can judge."""
        out = np.empty((rows.height, len(self._words)))
        schema = rows.schema
        for place, (field, words) in enumerate(zip(self.signature.features, self._words, strict=True)):
            dtype = schema.get(field.name)
            if dtype is None or (
                dtype not in _TEXT if words is not None else not _same_numbers(dtype, field.type)
            ):
                return None
            values = rows[field.name].to_list()
            if words is not None:
                out[:, place] = [NAN if value is None else words.get(value, NAN) for value in values]
            else:
                out[:, place] = [NAN if value is None else value for value in values]
        return out

    def encode(self, rows: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
        """Rows of plain values, features in order, as numbers for `fast`: words as their place in the
        list, unknown ones and None as NaN. Raises BadData on free text or a value of another kind."""
        out = np.empty((len(rows), len(self._words)))
        for at, row in enumerate(rows):
            for place, (value, words) in enumerate(zip(row, self._words, strict=True)):
                try:
                    out[at, place] = (
                        NAN if value is None else words.get(value, NAN) if words is not None else value
                    )
                except (TypeError, ValueError) as fault:
                    field = self.signature.features[place]
                    raise BadData(f"{field.name}: found {kind_of(value)}, expected {field.type}.") from fault
        return out

    def fast(self, rows: NDArray[Any]) -> Answer:
        """The same from numbers, (n, features), missing as NaN, words as their place in the list: a few
        microseconds where a compiled form answers. Raises BadData on another shape, or free text."""
        if rows.ndim != 2 or rows.shape[1] != len(self._words):
            raise BadData(f"rows: found the shape {rows.shape}, expected (n, {len(self._words)}).")
        if not self._numbers:
            raise BadData("rows: found numbers, expected a frame: a feature of this model is free text.")
        if self._compiled is not None and self._compiled.array is not None:
            return self._answer(*self._compiled.array(rows))
        return self._answer(*self._ask(self._frame(rows)))

    def row(self) -> Callable[[bytes], tuple[Any, Any]] | None:
        """What answers one row: its numbers, packed as 64-bit floats → what `fast` says of it in plain
        values, of a binary model the chance of the second class alone. None where no form has such a call."""
        compiled = self._compiled
        if compiled is None or compiled.row is None or not self._numbers:
            return None
        ask, signature = compiled.row, self.signature
        if signature.task == "regression":
            return ask
        labels, binary = self._labels.tolist(), signature.task == "binary"
        wants_label, wants_chances = signature.output != "probability", signature.output != "label"

        def answer(packed: bytes) -> tuple[Any, Any]:
            place, chances = ask(packed)
            assert chances is not None
            return (
                labels[int(place)] if wants_label else None,
                (chances[1] if binary else list(chances)) if wants_chances else None,
            )

        return answer

    def self_test(self) -> None:
        """Answers the trial rows as the estimator did when it was kept. Raises Tampered if it does not."""
        if self.trial is None or not self.trial.rows:
            return
        frame = trial_frame(self.trial, self.signature)
        said = answer_numbers(self.predict(frame))
        kept = np.array(self.trial.answers, dtype=np.float64).reshape(len(self.trial.rows), -1)
        if (
            said is not None
            and kept.size
            and not np.allclose(said, kept, rtol=1e-4, atol=self.trial.tolerance, equal_nan=True)
        ):
            raise Tampered(
                f"model: its answers to the trial rows are {np.nanmax(np.abs(said - kept)):.2g} away from "
                "those it gave when it was kept. This machine does not serve it as it was tested."
            )

    def _ask(self, dressed: pl.DataFrame) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        if dressed.height > FEW:
            return ask_estimator(self.native, self._reads, dressed, self.signature)
        if self._pools is None:
            from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

            self._pools = ThreadpoolController()
        # A few rows have no parts: threads that wait for each other cost a hundred times the work.
        with self._pools.limit(limits=1):
            return ask_estimator(self.native, self._reads, dressed, self.signature)

    def _answer(self, label: NDArray[Any] | None, probability: NDArray[Any] | None) -> Answer:
        """label: places among the classes, or the numbers of a regression."""
        if self.signature.task == "regression":
            assert label is not None, "a regression answers numbers"
            return {"prediction": label}
        out: Answer = {}
        if self.signature.output != "probability" and label is not None:
            out["label"] = self._labels[label]
        if self.signature.output != "label" and probability is not None:
            out["probability"] = probability
        return out

    def _frame(self, rows: NDArray[Any]) -> pl.DataFrame:
        columns = {}
        for place, field in enumerate(self.signature.features):
            numbers = np.asarray(rows[:, place], dtype=np.float64)
            series = pl.Series(numbers, nan_to_null=True)
            if field.values:
                series = words_at(numbers, field.values)
            columns[field.name] = series
        return dress(pl.DataFrame(columns), self.signature.features)


def ask_estimator(
    model: Any, reads: Reads, dressed: pl.DataFrame, signature: Signature
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """The estimator's own answers: places of labels (or numbers), and probabilities where asked."""
    prepare()
    X = hand(dressed, reads)
    if signature.task == "regression":
        return np.asarray(model.predict(X), dtype=np.float64).reshape(-1), None
    probability = None
    if signature.output != "label":
        probability = np.asarray(model.predict_proba(X), dtype=np.float64)
    swap = is_swapped(model, signature)
    probability = in_order(probability, swap)
    known = classes_of(model, signature.label)
    classes = labels_from(signature.classes, signature.label) if known is None else known
    if swap and known is not None:
        classes = known[::-1]
    said = np.asarray(model.predict(X)).reshape(-1)
    order = np.argsort(classes)
    places = order[np.searchsorted(classes, said, sorter=order)].astype(np.int64)
    return decide(places, probability, signature)


def answer_numbers(answer: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """The part of an answer that can be compared as numbers, (n, k)."""
    found = answer.get("probability", answer.get("prediction"))
    return None if found is None else np.asarray(found, dtype=np.float64).reshape(len(found), -1)


def trial_frame(trial: TrialRows, signature: Signature) -> pl.DataFrame:
    """The trial rows as features."""
    by_name = {field.name: field for field in signature.features}
    frame = pl.DataFrame(
        {name: [row[place] for row in trial.rows] for place, name in enumerate(trial.columns)}, strict=False
    )
    return dress(frame, tuple(by_name[name] for name in trial.columns))


def trial_rows(predictor: Predictor) -> pl.DataFrame | None:
    """The trial rows as a request would carry them, words as strings; None where none were kept."""
    if predictor.trial is None:
        return None
    return trial_frame(predictor.trial, predictor.signature).with_columns(pl.selectors.enum().cast(pl.String))


def load_predictor(
    context: StepContext,
    parts: Mapping[str, Artifact],
    *,
    codecs: Sequence[Codec] = (),
    own: Callable[[], Sequence[Codec]] = tuple,
    compiled: bool = True,
    by_size: bool = False,
) -> Predictor:
    """The model of these parts: `model` and `signature`, and where they are there `onnx`, `parity`, `trial`.

    own: codecs that are asked for only where no other wrote the model, since to declare them may take the
    project's code. The compiled form answers where its parity was shown; compiled=False asks the estimator
    itself. by_size: where a family's own call and the graph agree, the graph answers from so many rows on
    as it is the quicker: measured here, for a server. Raises NotFound, Tampered.
    """
    for name in ("model", "signature"):
        if name not in parts:
            raise NotFound(f"model: found no {name} among its parts ({', '.join(sorted(parts))}).")
    signature = context.get_json(parts["signature"], Signature)
    data = context.get(parts["model"])
    header = header_of(data)
    reads = header.reads
    codecs = (*codecs, *context.codecs)
    if header.codec not in {each.name for each in (*codecs, *shipped())}:
        codecs = (*codecs, *own())
    trial = context.get_json(parts["trial"], TrialRows) if "trial" in parts else None
    form, native, forms = None, None, None
    if compiled and "parity" in parts:
        agreed = {
            name
            for name, each in context.get_json(parts["parity"], ExportAgreement).forms.items()
            if each.agrees
        }
        chosen = next((name for name in QUICKEST if name in agreed), None)
        graph = context.get(parts["onnx"]) if "onnx" in parts and "onnx" in agreed else None
        if chosen == "onnx" and graph is not None:
            form = compile_onnx(graph, signature)
        elif chosen in compilers():
            form = _compile_alone(chosen, data, signature, codecs)
            if form is None:
                native, _ = from_bytes(data, codecs)
                form = compilers()[chosen](native, signature)
            if by_size and form is not None and graph is not None and trial is not None:
                rows = trial_frame(trial, signature)[[field.name for field in signature.features]]
                form, forms = form_by_size(form, compile_onnx(graph, signature), rows)
    if form is None and native is None:
        native, _ = from_bytes(data, codecs)
    return Predictor(
        signature, native, reads, form, trial, open=lambda: from_bytes(data, codecs)[0], forms=forms
    )


def _compile_alone(
    form: str, data: bytes, signature: Signature, codecs: Sequence[Codec]
) -> CompiledModel | None:
    """This form of a kept model without its library, which may take more memory than the model; None where
    that cannot be. codecs: those beside the shipped ones."""
    codec, call = kept_compilers().get(form, ("", None))
    if call is None or header_of(data).codec != codec or codec in {each.name for each in codecs}:
        return None
    return call(body_of(data), signature)
