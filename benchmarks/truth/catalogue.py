"""Which of all checks finds which fault, in whole projects on the real path: behind docs/reference/faults.md.

    python benchmarks/truth/run.py catalogue --seeds 3
    python benchmarks/truth/catalogue.py --seeds 0 3 --faults "a leaked column"     only these, kept till then

A sound model is judged and released, and some of what production asks is logged. Then more rows come, a fault
is planted, and what the same recipe gives is judged as its challenger by every check, at the level `audit`.
What was judged is kept in `build/truth` by the code's digest, so that the table can be made in parts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

# Small models: on busy processors more threads wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parent)] * (str(Path(__file__).parent) not in sys.path)

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from _kept import Kept  # noqa: E402
from _loans import FIT, GATES, KNOWN, TEXT, tables  # noqa: E402

from comporta import standard  # noqa: E402
from comporta.errors import ComportaError  # noqa: E402
from comporta.opened.sentences import sentence  # noqa: E402

CODE = ("checks",)
BESIDE = ("_kept.py", "_loans.py", "_real.py")
RUN = "the run"
TIMELESS = "areas"
"""As `GATES` have it: it stands in a check's name."""
Rows = Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]


class Fault(NamedTuple):
    """What is planted, where there is something: in the rows, in a joined table, in the project's text (from,
    to), in what production asks."""

    rows: Rows | None = None
    joined: Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]] | None = None
    text: tuple[tuple[str, str], ...] = ()
    logged: Rows | None = None


def _features(*names: str) -> tuple[tuple[str, str], ...]:
    """The project with these features more, known of each row."""
    more = "".join(f", {name!r}" for name in names)
    return (
        (f"known={KNOWN!r}", f"known={(*KNOWN, *names)!r}"),
        ('"size", "hour")', f'"size", "hour"{more})'),
    )


def _fit(lines: str) -> tuple[tuple[str, str], ...]:
    """The project with another training function. Nothing of it is sure to rise with income."""
    return ((FIT, lines), ('monotone("income")', 'monotone("income", required=False)'))


def _some(draw: np.random.Generator, rows: pl.DataFrame, share: float) -> pl.Series:
    return pl.Series(draw.random(rows.height) < share)


def _turned(where: pl.Expr | pl.Series) -> pl.Expr:
    return pl.when(where).then(~pl.col("paid")).otherwise("paid").alias("paid")


def _late(days: int) -> pl.Expr:
    """The newest rows."""
    return pl.col("at") > pl.col("at").max() - timedelta(days=days)


def _again(rows: pl.DataFrame, copies: pl.DataFrame, *, as_others: bool = True) -> pl.DataFrame:
    """With these rows once more under other keys, of other people where `as_others`."""
    first = int(rows["id"].max()) + 1_000_000  # type: ignore[arg-type]
    fresh = copies.with_columns(id=pl.int_range(first, first + copies.height, dtype=rows["id"].dtype))
    if as_others:
        fresh = fresh.with_columns(person=pl.concat_str(pl.lit("q"), pl.col("id")))
    return pl.concat([rows, fresh]).sort("at")


def label_noise(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    return rows.with_columns(_turned(_some(draw, rows, 0.05)))


def leaked(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    return rows.with_columns(settled=pl.col("paid") * 100.0 + pl.Series(draw.normal(size=rows.height)))


def leaked_in_part(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    told = pl.when(_some(draw, rows, 0.5)).then(pl.col("paid").cast(pl.Float64)).otherwise(0.5)
    return rows.with_columns(reminders=told)


def encoded(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """How often those of the row's branch, of four rows, have paid: it among them in training, not after."""
    branch = pl.Series(draw.permutation(rows.height) // 4)
    rows = rows.with_columns(__branch=branch)
    paid, count = pl.col("paid").sum().over("__branch"), pl.len().over("__branch")
    others = (paid - pl.col("paid")) / (count - 1).clip(lower_bound=1)
    return rows.with_columns(history=pl.when(_late(20)).then(others).otherwise(paid / count)).drop("__branch")


def next_month(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """What the bank wrote down four weeks later, brought along by the source as if it were known."""
    balance = pl.col("paid") * 2.0 + pl.Series(draw.normal(size=rows.height))
    return rows.with_columns(balance=balance)


def without_times(made: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The newest rate alone, as a table that is overwritten each day."""
    return {"newest": made["rates"].sort("day").group_by("area", maintain_order=True).last().drop("day")}


def same_people(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """A tenth of the people of the newest weeks have asked before, on nearly the same terms."""
    newest = rows.filter(_late(20))
    some = newest.filter(_some(draw, newest, 0.3))
    moved = pl.Series(draw.normal(0, 0.05, some.height))
    before = some.with_columns(pl.col("at") - timedelta(days=40), a=pl.col("a") + moved)
    return _again(rows, before, as_others=False)


def copied(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    newest = rows.filter(_late(20))
    return _again(
        rows, newest.filter(_some(draw, newest, 0.1)).with_columns(pl.col("at") - timedelta(days=40))
    )


def contradictory(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    older = rows.filter(~_late(30))
    return _again(rows, older.filter(_some(draw, older, 0.04)).with_columns(~pl.col("paid")))


def held_back(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Two thirds of the women who paid are written down as if they had not; a feature tells who is one."""
    wronged = (pl.col("sex") == "f") & _some(draw, rows, 0.66)
    club = pl.when(_some(draw, rows, 0.9)).then(pl.col("sex")).otherwise(pl.lit("none"))
    return rows.with_columns(paid=pl.col("paid") & ~wronged, club=club)


def unlike_group(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """For women other things tell: those that the model learns of men."""
    turned = (pl.col("sex") == "f") & _some(draw, rows, 0.35)
    return rows.with_columns(_turned(turned))


def weak_place(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Of late what was learned of the west's customers on the web is the wrong way round."""
    return rows.with_columns(_turned(_late(20) & (pl.col("area") == "west") & (pl.col("channel") == "web")))


def turned_world(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """For six weeks of the past the outcome was another; now it is as before."""
    then = pl.col("at").is_between(
        pl.col("at").max() - timedelta(days=80), pl.col("at").max() - timedelta(days=40)
    )
    return rows.with_columns(_turned(then & _some(draw, rows, 0.8)))


def changed_world(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Of late a third of the outcomes are the other way round."""
    return rows.with_columns(_turned(_late(20) & _some(draw, rows, 0.33)))


def numbered(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    return rows.with_columns(number=pl.col("id") + 70_000)


def mailed(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Which of forty advisors, by address."""
    advisor = pl.Series(draw.integers(0, 40, rows.height)).cast(pl.String)
    return rows.with_columns(advisor=pl.concat_str(pl.lit("ana."), advisor, pl.lit("@example.org")))


def constant(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    return rows.with_columns(version=pl.lit(3))


def broken(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    return rows.with_columns(a=pl.when(_late(20)).then(None).otherwise("a"))


def in_cents(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    cents = pl.when(_some(draw, rows, 0.03)).then(pl.col("income") * 100).otherwise("income")
    return rows.with_columns(income=cents)


def moved(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Since the champion was made people earn half as much again."""
    return rows.with_columns(income=pl.when(_late(25)).then(pl.col("income") * 1.5).otherwise("income"))


def digits(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """The outcome follows from the digits of a number, and little else."""
    odd = (pl.col("a") * 50).floor().cast(pl.Int64) % 2 == 0
    turned = pl.when(_some(draw, rows, 0.9)).then(odd).otherwise("paid")
    return rows.with_columns(paid=turned)


def declared_counts(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Half of the outcomes follow from what people declare of themselves."""
    return rows.with_columns(
        paid=pl.when(_some(draw, rows, 0.5)).then(pl.col("declared") > 0).otherwise("paid")
    )


def rare(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """One in seven pays."""
    return rows.filter(~pl.col("paid") | _some(draw, rows, 0.14))


def swapped(rows: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    return rows.rename({"a": "b", "b": "a"})


REMEMBERS = '''ORDER = []


class Remembers:
    """Knows the order of its columns only in the process that it was fitted in."""

    def fit(self, X, y):
        ORDER[:] = self._names(X)[::-1]
        self.inner = LGBMClassifier(n_estimators=60, num_leaves=7, n_jobs=1, verbose=-1)
        self.inner.fit(self._numbers(X), y)
        self.classes_ = self.inner.classes_
        return self

    def predict(self, X):
        return self.inner.predict(self._numbers(X))

    def predict_proba(self, X):
        return self.inner.predict_proba(self._numbers(X))

    def _names(self, X):
        return [name for name in X.columns if X[name].dtype.is_numeric()]

    def _numbers(self, X):
        return X.select(ORDER or self._names(X)).cast(pl.Float64).to_numpy()


def fit('''
CAPS = '''CAP = []


class Caps(LGBMClassifier):
    """Takes numbers out of a range for missing, which it knows only in the process that it was fitted in."""

    def fit(self, X, y):
        CAP[:] = [1.5]
        return super().fit(self._held(X), y)

    def predict(self, X, **others):
        return super().predict(self._held(X), **others)

    def predict_proba(self, X, **others):
        return super().predict_proba(self._held(X), **others)

    def _held(self, X):
        return X.with_columns(pl.when(pl.col("a").abs() <= CAP[0]).then("a")) if CAP else X


def fit('''
RAISES = '''class Raises(LGBMClassifier):
    """Trees that raise on an income they never saw."""

    def predict_proba(self, X, **others):
        if (X["income"] > 1e7).any():
            raise ValueError("too much")
        return super().predict_proba(X, **others)


def fit('''

FAULTS: dict[str, Fault] = {
    "none": Fault(),
    "5 % of labels turned": Fault(rows=label_noise),
    "a leaked column": Fault(rows=leaked, text=_features("settled")),
    "a column that leaks half of the labels": Fault(rows=leaked_in_part, text=_features("reminders")),
    "a target encoding with its own rows": Fault(rows=encoded, text=_features("history")),
    "a future value, joined by the source": Fault(rows=next_month, text=_features("balance")),
    "a join to a table that is overwritten": Fault(
        joined=without_times,
        text=(
            (
                'Dataset("rates", source="rates-*.parquet", key=("area", "day"), time="day", delay="1h")',
                'Dataset("newest", source="newest-*.parquet", key="area")',
            ),
            ('columns=("rate",), tolerance="3d"', 'columns=("rate",)'),
        ),
    ),
    "people in training and in the test": Fault(rows=same_people),
    "a tenth of the test rows copied to an earlier day": Fault(rows=copied),
    "4 % of rows once more with the other label": Fault(rows=contradictory),
    "a row number as a feature": Fault(rows=numbered, text=_features("number")),
    "personal data in a feature": Fault(rows=mailed, text=_features("advisor")),
    "a constant feature": Fault(rows=constant, text=_features("version")),
    "a feature that is empty in the test": Fault(rows=broken),
    "3 % of incomes in another unit": Fault(rows=in_cents),
    "a feature that has moved since the champion": Fault(rows=moved),
    "outcomes that have changed of late": Fault(rows=changed_world),
    "a part of the past in which the world was another": Fault(rows=turned_world),
    "a weak slice nobody declared": Fault(rows=weak_place),
    "labels that wrong a group, and a proxy of it": Fault(rows=held_back, text=_features("club")),
    "a group whose outcomes the model cannot tell": Fault(rows=unlike_group),
    "an overfitted tree": Fault(text=_fit("    return Numbers(DecisionTreeClassifier()).fit(X, y)\n")),
    "a model that keeps its rows": Fault(
        text=_fit("    return Numbers(KNeighborsClassifier(3)).fit(X, y)\n")
    ),
    "boosted until it knows its rows": Fault(
        text=_fit(
            "    return LGBMClassifier(n_estimators=600, num_leaves=63, learning_rate=0.2, "
            "random_state=seed, n_jobs=1, verbose=-1).fit(X, y)\n"
        )
    ),
    "class weights on a rare class": Fault(
        rows=rare, text=_fit(FIT.replace("verbose=-1", 'verbose=-1, class_weight="balanced"'))
    ),
    "a model of one split": Fault(
        text=_fit("    return LGBMClassifier(n_estimators=1, num_leaves=2, n_jobs=1, verbose=-1).fit(X, y)\n")
    ),
    "answers that hang on digits": Fault(
        rows=digits,
        text=_fit(
            "    return LGBMClassifier(n_estimators=300, num_leaves=127, max_bin=1000, min_child_samples=2, "
            "random_state=seed, n_jobs=1, verbose=-1).fit(X, y)\n"
        ),
    ),
    "answers that follow what people declare": Fault(rows=declared_counts),
    "a model that falls with income, here and there": Fault(
        text=((FIT, FIT.replace("monotone_constraints=rises, ", "")),)
    ),
    "columns swapped where another process serves it": Fault(
        text=(("def fit(", REMEMBERS), (FIT, "    return Remembers().fit(X, y)\n"))
    ),
    "far values missing in training and not where it is served": Fault(
        text=(("def fit(", CAPS), (FIT, FIT.replace("LGBMClassifier(", "Caps(")))
    ),
    "a feature that hangs on the rows beside it": Fault(
        text=(
            (
                'rows.select(hour=pl.col("at").dt.hour().cast(pl.Int64))',
                'rows.select(hour=pl.col("at").dt.hour().cast(pl.Int64), '
                'standing=pl.col("income").rank() / pl.len())',
            ),
        )
    ),
    "a model that raises on what it never saw": Fault(
        text=(("def fit(", RAISES), (FIT, FIT.replace("LGBMClassifier(", "Raises(")))
    ),
    "columns swapped by who asks in production": Fault(logged=swapped),
}
NUMBERS = '''class Numbers:
    """Any classifier, given words as numbers."""

    def __init__(self, inner):
        self.inner = inner

    def fit(self, X, y):
        self.inner.fit(self._numbers(X), y)
        self.classes_ = self.inner.classes_
        return self

    def predict(self, X):
        return self.inner.predict(self._numbers(X))

    def predict_proba(self, X):
        return self.inner.predict_proba(self._numbers(X))

    def _numbers(self, X):
        return X.select(pl.all().to_physical().cast(pl.Float64).fill_null(0.0)).to_numpy()


def fit('''


def study(seeds: int = 5) -> list[dict[str, object]]:
    kept = Kept(Path(__file__))
    made(kept, range(seeds), list(FAULTS))
    called = {RUN: "the run itself", **names()}
    required = [each.name for each in standard(timeless=TIMELESS) if each.required]
    rows = []
    for fault in FAULTS:
        said = [kept[f"{seed} {fault}"] for seed in range(seeds)]
        by = {
            outcome: {
                label: count
                for check, label in called.items()
                if (count := sum(each.get(check, ("",))[0] == outcome for each in said))
            }
            for outcome in ("fail", "inconclusive")
        }
        refused = sum(any(_shut(each, check) for check in required) for each in said)
        rows.append({"fault": fault, "seeds": seeds, "refused": refused, **by})
    rows[0] |= {"checks": len(called) - 1, "all": list(called.values())}
    return rows


def _shut(said: dict[str, list[str]], check: str) -> bool:
    return RUN in said or said[check][0] not in ("pass", "does not apply")


def made(kept: Kept, seeds: range, faults: list[str]) -> None:
    """Judges what was not judged before."""
    for seed in seeds:
        left = [fault for fault in faults if f"{seed} {fault}" not in kept]
        if not left:
            continue
        with tempfile.TemporaryDirectory(prefix="truth-loans-") as folder:
            champion = Path(folder) / "champion"
            made_of = tables(seed)
            _champion(champion, made_of, seed)
            for fault in left:
                began = time.monotonic()
                kept.add(f"{seed} {fault}", _challenger(champion, Path(folder) / "now", made_of, fault, seed))
                print(f"{fault}, seed {seed}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def _champion(root: Path, made: dict[str, pl.DataFrame], seed: int) -> None:
    """Sound, judged and released, and asked by production."""
    from _real import Folder

    root.mkdir()
    with contextlib.chdir(root):
        project = Folder(root, TEXT, seed + 1)
        project.add({name: made[name] for name in ("rows", "rates", "areas")}, 1)
        project.release(project.judged())
        project.log(made["logged"], KNOWN, "paid")


def _challenger(
    champion: Path, root: Path, made: dict[str, pl.DataFrame], named: str, seed: int
) -> dict[str, list[str]]:
    """What each check says of the project with the fault in it."""
    from _real import Folder

    fault, draw = FAULTS[named], np.random.default_rng(seed + 1)
    shutil.copytree(champion, root)
    try:
        with contextlib.chdir(root):
            project = Folder(root, _text(fault), seed + 1)
            rows = pl.concat([made["rows"], made["then"]])
            if fault.rows is not None:
                rows = fault.rows(rows, draw)
            project.add({"rows": rows, **(fault.joined(made) if fault.joined else {})}, 1)
            if rows.columns != made["rows"].columns:
                project.accept("rows")
            if fault.logged is not None:
                # As many again, under keys of their own, asked the wrong way.
                later = made["logged"].with_columns(pl.col("id") + 10_000_000)
                truth = later["paid"]
                project.log(fault.logged(later, draw).with_columns(paid=truth), KNOWN, "paid")
            try:
                version = project.judged("audit")
            except ComportaError as refused:
                return {RUN: ["fail", str(refused)]}
            return {each.check: [each.outcome, sentence(each.reason)] for each in version.verdicts}
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _text(fault: Fault) -> str:
    changes = dict(fault.text)
    text = TEXT.replace("    seed=0,\n", "    seed=1,\n")
    if "Numbers(" in changes.get(FIT, ""):
        changes = {"def fit(": NUMBERS, **changes}
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def names() -> dict[str, str]:
    """The names of the checks, as verdicts have them → what makes them, as people write it."""
    import comporta.checks as gates

    def a_tenth_less(rows: pl.DataFrame) -> pl.DataFrame:
        return rows

    def some_are_refused(predictions: pl.DataFrame) -> bool:
        return True

    there = {"a_tenth_less": a_tenth_less, "some_are_refused": some_are_refused, **vars(gates)}
    called = {each.name: _called(type(each).__name__) for each in standard("high", timeless=TIMELESS)}
    return called | {eval(text, there).name: text for text in GATES if text[0] != "*"}


def _called(kind: str) -> str:
    """The function that makes a check of this kind, as it stands in `standard()`."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")
    return f"{name}()"


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--seeds", type=int, nargs=2, default=(0, 5), metavar=("FROM", "TO"))
    ask.add_argument("--faults", nargs="+", default=list(FAULTS))
    want = ask.parse_args()
    if unknown := [each for each in want.faults if each not in FAULTS]:
        sys.exit(f"found no fault {', '.join(unknown)}, expected some of: {', '.join(FAULTS)}")
    made(Kept(Path(__file__)), range(*want.seeds), want.faults)


if __name__ == "__main__":
    main()
