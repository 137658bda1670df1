"""Faults planted in a table, and tables without one: what each check of the data says of them."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import (
    contamination,
    duplicates,
    feature_quality,
    identifiers,
    judge,
    label_errors,
    no_time_travel,
    single_feature,
)
from comporta.checks.contamination import measure as contaminations
from comporta.checks.contamination.codes import SEEN_BEYOND_CHANCE
from comporta.checks.duplicates import measure as copies
from comporta.checks.feature_quality import measure as qualities
from comporta.checks.feature_quality.codes import (
    BY_CHANCE_PERHAPS,
    EMPTY_IN_TEST,
    INFINITE_VALUES,
    ONE_VALUE_IN_TEST,
)
from comporta.checks.identifiers import measure as names
from comporta.checks.shared.measuring.codes import OF_FEATURE
from comporta.checks.single_feature import measure as alone
from comporta.checks.time_travel import measure as times
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Evidence, Findings, condition
from comporta.stats.alone import encode_target, interval_of_auc, parts_of
from comporta.stats.areas import placements
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.messages import slice_text

START = datetime(2025, 1, 1, tzinfo=UTC)


def table(seed=0, rows=1000, first=0):
    draw = np.random.default_rng(seed)
    numbers = draw.normal(size=(rows, 8))
    return pl.DataFrame(
        {
            **{f"f{n}": numbers[:, n] for n in range(8)},
            "count": draw.poisson(3, rows),
            "word": draw.choice(["red", "green", "blue"], rows),
            "__key": [f"{first + n}" for n in range(rows)],
            "__subject": draw.integers(0, 100, rows),
            "__at": [START + timedelta(minutes=n) for n in range(rows)],
            "__keep_customer": draw.integers(0, 50, rows) + first,
            "__target": numbers[:, 0] + draw.normal(size=rows) > 0,
        }
    )


def coarse(seed=0, rows=1000, first=0):
    draw = np.random.default_rng(seed)
    made = {f"c{n}": draw.choice(list("abc"), rows) for n in range(6)}
    return pl.DataFrame(made).with_columns(
        __key=pl.Series([f"{first + n}" for n in range(rows)]), __target=pl.Series(draw.random(rows) < 0.3)
    )


def predicted(part):
    return part.with_columns(
        pl.Series("__label", ["true"] * part.height, dtype=pl.Enum(["false", "true"])),
        __probability_0=pl.lit(0.5),
        __probability_1=pl.lit(0.5),
    )


def found(room, **given):
    """The step itself, on a step context."""
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    frames = {name: each for name, each in given.items() if isinstance(each, pl.DataFrame)}
    before = {name: each.clone() for name, each in frames.items()}
    arguments = {**given, **{name: write(context, each) for name, each in frames.items()}}
    first, again = (room.measure(context, **arguments)["findings"] for _ in range(2))
    assert first == again, "the same rows give the same findings"
    assert all(frames[name].equals(each) for name, each in before.items())
    return context.get_json(first, Findings)


def verdict(check, findings):
    (asked,) = check.needs()
    evidence = evidence_of(asked, findings)
    (said,) = judge((check,), {asked: evidence})
    return said


def values(findings):
    return {f"{each.metric} {slice_text(each)}".strip(): each.value for each in findings.figures}


# Contamination


def test_parts_that_share_nothing_pass():
    said = verdict(contamination(), found(contaminations, train=table(0), test=table(1, first=5000)))
    assert said.outcome == "pass" and said.opens


def test_one_key_in_both_parts_fails():
    train, test = table(0), table(1, first=999)
    findings = found(contaminations, train=train, test=test)
    assert values(findings)["keys_in_both_parts"] == pytest.approx(1 / 1000)
    assert verdict(contamination(), findings).outcome == "fail"


@pytest.mark.parametrize(
    ("moved", "metric"), [(0.0, "twins_in_both_parts"), (1e-4, "near_twins_in_both_parts")]
)
def test_test_rows_copied_into_training_are_counted(moved, metric):
    train, test = table(0), table(1, first=5000)
    some = test.head(50).with_columns(pl.col("^f.$") + moved, __key=pl.lit("again") + pl.col("__key"))
    findings = found(contaminations, train=pl.concat([train, some]), test=test)
    assert values(findings)[metric] == pytest.approx(0.05, abs=0.005)
    assert verdict(contamination(), findings).outcome == "fail"
    assert verdict(contamination(twins=0.1), findings).outcome == "pass"


def test_rows_doubled_before_the_split_are_copies_of_each_other():
    rows = table(0)
    rows = pl.concat([rows, rows.with_columns(__key=pl.lit("again") + pl.col("__key"))])
    tests = pl.Series(np.random.default_rng(0).random(rows.height) < 0.2)
    findings = found(contaminations, train=rows.filter(~tests), test=rows.filter(tests))
    assert values(findings)["twins_in_both_parts"] == pytest.approx(0.8, abs=0.06)


def others(rows, who, **columns):
    """The rows again under other keys: of the subjects `who`, with these columns changed."""
    return rows.with_columns(__key=pl.lit("again") + pl.col("__key"), __subject=who, **columns)


def test_a_copy_under_another_date_is_found_whatever_was_joined_to_it():
    train = table(0).with_columns(__subject=pl.int_range(0, 1000))
    test = table(1, first=5000).with_columns(__subject=pl.int_range(5000, 6000))
    some = others(test.head(50), pl.int_range(9000, 9050), f7=pl.col("f7") + 1)
    known = [f"f{n}" for n in range(7)] + ["count", "word"]
    findings = found(contaminations, train=pl.concat([train, some]), test=test, known=known)
    assert values(findings)["twins_in_both_parts"] == 0
    assert values(findings)["requests_in_both_parts"] == pytest.approx(0.05)
    assert verdict(contamination(), findings).outcome == "fail"
    # The same rows of the same subjects are customers who came back.
    back = others(test.head(50), pl.int_range(5000, 5050), f7=pl.col("f7") + 1)
    findings = found(contaminations, train=pl.concat([train, back]), test=test, known=known)
    assert verdict(contamination(), findings).outcome == "pass"


def test_subjects_of_one_hour_share_what_that_hour_was_and_are_no_copies():
    for seed in range(20):
        draw = np.random.default_rng(seed)
        hours = table(seed, rows=500).with_columns(__target=pl.lit(True))
        rows = pl.concat([hours] * 4).with_columns(
            f7=pl.Series(draw.normal(size=2000)),
            __key=pl.int_range(2000).cast(pl.String),
            __subject=pl.int_range(2000),
        )
        tests = pl.Series(draw.random(2000) < 0.2)
        known = [f"f{n}" for n in range(7)] + ["count", "word"]
        findings = contaminations.find_contamination(rows.filter(~tests), rows.filter(tests), known=known)
        assert values(findings)["requests_in_both_parts"] <= 0.03
        assert verdict(contamination(), findings).outcome == "pass"


def test_rows_of_few_distinct_values_are_no_contamination():
    for seed in range(30):
        findings = contaminations.find_contamination(coarse(seed), coarse(100 + seed, first=5000))
        assert verdict(contamination(), findings).outcome == "pass"
    assert findings.notes[0].code == SEEN_BEYOND_CHANCE.id


def sparse(draw, rows, _test):
    """Ten flags, each set in one row of 30 to 200."""
    flags = draw.random((rows, 10)) < np.linspace(0.005, 0.03, 10)
    return pl.DataFrame({f"c{at}": flags[:, at].astype(int) for at in range(10)})


def grown(draw, rows, test):
    """A common word that is more common in the test, beside others."""
    words = {f"c{at}": draw.choice(list("abcd"), rows, p=[0.5, 0.3, 0.15, 0.05]) for at in range(6)}
    common = draw.random(rows) < (0.9 if test else 0.5)
    return pl.DataFrame(words).with_columns(
        word=pl.Series(np.where(common, "the", draw.choice(list("pqrstuvw"), rows)))
    )


def shops(draw, rows, _test):
    """What is known of the shop alone, and there are three."""
    shop = draw.integers(0, 3, rows)
    return pl.DataFrame({f"c{at}": shop * (at + 1) for at in range(5)})


def many_shops(draw, rows, _test):
    """The same of a hundred."""
    return pl.DataFrame({f"c{at}": shop for at, shop in enumerate([draw.integers(0, 100, rows)] * 5)})


def calmer(draw, rows, test):
    """Eight readings of two hidden quantities, which moved less in the test."""
    hidden = draw.normal(size=(rows, 2)) * (0.4 if test else 1.0)
    read = hidden @ np.arange(16).reshape(2, 8) / 8 + 0.05 * draw.normal(size=(rows, 8))
    return pl.DataFrame({f"c{at}": read[:, at] for at in range(8)})


def drawn(make, seed):
    """Training and test rows, drawn one by one."""
    draw = np.random.default_rng(seed)
    return (
        make(draw, rows, test).with_columns(
            __key=pl.lit(f"{test} ") + pl.int_range(rows).cast(pl.String),
            __target=pl.Series(draw.random(rows) < 0.3),
        )
        for rows, test in ((2400, False), (600, True))
    )


@pytest.mark.parametrize("make", [sparse, grown, shops, many_shops, calmer], ids=lambda make: make.__name__)
def test_rows_that_are_alike_in_what_is_common_are_no_copies(make):
    for seed in range(10):
        findings = contaminations.find_contamination(*drawn(make, seed))
        assert verdict(contamination(), findings).outcome == "pass"


def test_copies_are_told_from_common_rows_beside_them():
    train, test = drawn(grown, 0)
    some = test.sample(fraction=0.2, seed=0).with_columns(__key=pl.lit("again") + pl.col("__key"))
    findings = contaminations.find_contamination(pl.concat([train, some]), test)
    assert verdict(contamination(), findings).outcome == "fail"


def test_rows_repeated_before_the_split_to_have_more_of_a_class_are_copies():
    often = table(0).filter(pl.col("__target")).sample(fraction=0.1, seed=0)
    rows = pl.concat([table(0), *[often] * 20]).with_columns(__key=pl.int_range(pl.len()).cast(pl.String))
    tests = pl.Series(np.random.default_rng(2).random(rows.height) < 0.2)
    findings = contaminations.find_contamination(rows.filter(~tests), rows.filter(tests))
    share = 20 * often.height / rows.height
    assert values(findings)["twins_in_both_parts"] == pytest.approx(share, abs=0.05)


def test_an_entity_in_both_parts_fails_only_where_it_must_not_be():
    train, test = table(0), table(1, first=49)
    assert (
        verdict(
            contamination(),
            found(contaminations, train=train, test=test.with_columns(__key=pl.lit("t") + pl.col("__key"))),
        ).outcome
        == "pass"
    )
    test = test.with_columns(__key=pl.lit("t") + pl.col("__key"))
    grouped = found(contaminations, train=train, test=test, split={"type": "group", "group": "customer"})
    assert verdict(contamination(), grouped).outcome == "fail", "a split by group keeps groups apart"
    declared = found(contaminations, train=train, test=test, columns=["customer"])
    said = verdict(contamination(entities="customer"), declared)
    assert said.outcome == "fail" and slice_text(said.figure) == "column customer"
    subjects = found(contaminations, train=train, test=test, subjects=True)
    assert verdict(contamination(subjects=True), subjects).outcome == "fail"


def test_entities_that_were_not_looked_at_are_inconclusive():
    findings = found(contaminations, train=table(0), test=table(1, first=5000))
    assert verdict(contamination(entities=("customer",)), findings).outcome == "inconclusive"
    none = table(1, first=5000).with_columns(__keep_customer=pl.lit(None, dtype=pl.Int64))
    findings = found(contaminations, train=table(0), test=none, columns=["customer"])
    said = verdict(contamination(entities=("customer",)), findings)
    assert said.outcome == "inconclusive" and "no test row has a customer" in sentence(said.reason)


def test_no_reason_holds_a_value():
    train, test = table(0), table(1, first=20)
    said = verdict(
        contamination(entities="customer"),
        found(contaminations, train=train, test=test, columns=["customer"]),
    )
    assert not re.search(r"again|red|green|\bkey=", sentence(said.reason))


# Duplicates


def test_copies_among_training_rows_are_counted():
    rows = pl.concat([table(0), table(0).head(100)])
    findings = found(copies, train=rows)
    assert values(findings)["duplicates"] == pytest.approx(100 / 1100)
    assert verdict(duplicates(), findings).outcome == "fail"
    assert verdict(duplicates(at_most=0.1), findings).outcome == "pass"


def test_copies_with_another_label_are_contradictions():
    rows = pl.concat([table(0), table(0).head(30).with_columns(~pl.col("__target"))])
    findings = found(copies, train=rows)
    assert values(findings) == {
        "duplicates": 0.0,
        "near_duplicates": 0.0,
        "contradictory_duplicates": pytest.approx(60 / 1030),
    }
    assert verdict(duplicates(), findings).outcome == "fail"


def test_nearly_equal_rows_are_near_duplicates():
    rows = table(0)
    near = rows.head(100).with_columns(pl.col("^f.$") + 1e-5)
    assert values(found(copies, train=pl.concat([rows, near])))["near_duplicates"] > 0.08


def test_rows_that_differ_are_no_duplicates():
    for seed in range(20):
        assert verdict(duplicates(), copies.find_duplicates(table(seed))).outcome == "pass"


def test_rows_of_few_distinct_values_are_not_judged_and_it_is_said():
    said = verdict(duplicates(required=True), found(copies, train=coarse()))
    assert (
        said.outcome == "does not apply"
        and "repeat by chance" in sentence(said.reason)
        and "%" in sentence(said.reason)
    )


# Single features


def test_a_feature_that_is_the_label_fails_and_honest_ones_pass():
    train, test = table(0, 2000), table(1, 1000, first=5000)
    honest = found(alone, train=train, predictions=predicted(test))
    assert verdict(single_feature(), honest).outcome == "pass"
    train, test = (part.with_columns(paid=pl.col("__target").cast(pl.Float64) * 3) for part in (train, test))
    said = verdict(single_feature(), found(alone, train=train, predictions=predicted(test)))
    assert said.outcome == "fail" and slice_text(said.figure) == "feature paid" and said.figure.value == 1.0


def test_a_feature_made_with_the_labels_of_its_own_rows_is_told_in_training_only():
    def encoded(train, test, seed):
        draw = np.random.default_rng(seed)
        mine, theirs = draw.integers(0, 1200, train.height), draw.integers(0, 1200, test.height)
        labels = train["__target"].cast(pl.Float64).to_numpy()
        mean = (np.bincount(mine, labels, 1200) + 0.5) / (np.bincount(mine, minlength=1200) + 1)
        return train.with_columns(code=pl.Series(mean[mine])), test.with_columns(code=pl.Series(mean[theirs]))

    train, test = encoded(table(0, 2000), table(1, 1000, first=5000), 0)
    said = verdict(single_feature(), found(alone, train=train, predictions=predicted(test)))
    assert said.outcome == "fail"
    assert (said.figure.metric, slice_text(said.figure)) == ("told_in_training_only", "feature code")


def test_a_month_and_a_mean_that_moved_are_no_leak():
    """Of one month the months of a year tell nothing; told worse than by nothing is no more lost."""
    draw = np.random.default_rng(0)
    month = draw.integers(1, 13, 3000)
    warm = 12 * np.sin(month / 2) + draw.normal(0, 4, 3000)
    train = table(0, 3000).with_columns(month=pl.Series(month), __target=pl.Series(warm))
    june = 12 * np.sin(3) + draw.normal(0, 4, 600)
    test = table(1, 600, first=5000).with_columns(month=pl.lit(6, pl.Int64), __target=pl.Series(june))
    findings = found(alone, train=train, predictions=test.with_columns(__prediction=pl.lit(0.0)))
    assert verdict(single_feature(), findings).outcome == "pass"
    moved = test.with_columns(pl.col("__target") + 8, month=pl.Series(draw.integers(1, 13, 600)))
    weak = train.with_columns(__target=pl.Series(warm / 4 + 12 * draw.normal(size=3000)))
    findings = found(alone, train=weak, predictions=moved.with_columns(__prediction=pl.lit(0.0)))
    assert verdict(single_feature(), findings).outcome == "pass"


def test_honest_features_alarm_in_none_of_thirty_tables():
    for seed in range(30):
        findings = alone.alone(table(seed, 500), predicted(table(seed + 100, 300, first=5000)))
        assert verdict(single_feature(), findings).outcome == "pass"


@pytest.mark.parametrize("unset", [0.5, None])
def test_a_column_that_leaks_half_of_the_labels_is_the_label_where_it_is_set(unset):
    def filled(rows, seed):
        told = pl.Series(np.random.default_rng(seed).random(rows.height) < 0.5)
        value = pl.when(told).then(pl.col("__target").cast(pl.Float64)).otherwise(unset)
        return rows.with_columns(reminders=value)

    train, test = filled(table(0, 2000), 1), filled(table(1, 1000, first=5000), 2)
    findings = found(alone, train=train, predictions=predicted(test))
    assert values(findings)["told_by_one_feature feature reminders"] < 0.9
    said = verdict(single_feature(), findings)
    assert said.outcome == "fail"
    assert (said.figure.metric, slice_text(said.figure)) == ("told_where_feature_set", "feature reminders")
    assert verdict(single_feature(at_most=1), findings).outcome == "pass"


def test_a_good_feature_that_is_seldom_set_is_no_leak():
    for seed in range(30):

        def late(rows, seed=seed):
            draw = np.random.default_rng(seed)
            often = draw.poisson(0.3 + 2.0 * rows["__target"].to_numpy(), rows.height)
            return rows.with_columns(late=pl.Series(often), gone=pl.when(pl.Series(often) > 0).then("f0"))

        train, test = late(table(seed, 1000)), late(table(seed + 100, 600, first=5000))
        findings = alone.alone(train, predicted(test))
        assert "feature late" in {
            slice_text(each) for each in findings.figures if each.metric == "told_where_feature_set"
        }
        assert verdict(single_feature(), findings).outcome == "pass"


def test_a_number_told_by_another_number_is_judged_by_r2():
    train, test = table(0, 1000), table(1, 600, first=5000)
    train, test = (part.with_columns(__target=2 * pl.col("f0") + 1) for part in (train, test))
    findings = found(alone, train=train, predictions=test.with_columns(__prediction=pl.lit(0.0)))
    said = verdict(single_feature(), findings)
    assert said.outcome == "fail" and slice_text(said.figure) == "feature f0" and said.figure.value > 0.999


def test_many_classes_missing_values_and_words_never_seen_are_taken_as_they_come():
    draw = np.random.default_rng(0)
    train, test = table(0, 900), table(1, 600, first=5000)
    train, test = (
        part.with_columns(
            __target=pl.Series(draw.choice(["a", "b", "c"], part.height)),
            f1=pl.when(pl.col("f1") > 1).then(None).otherwise("f1"),
        )
        for part in (train, test)
    )
    test = test.with_columns(
        word=pl.lit("violet"),
        __label=pl.Series(["a"] * 600, dtype=pl.Enum(["a", "b", "c"])),
        **{f"__probability_{n}": pl.lit(1 / 3) for n in range(3)},
    )
    findings = found(alone, train=train, predictions=test)
    assert values(findings)["told_by_one_feature feature word"] == 0.5
    assert verdict(single_feature(), findings).outcome == "pass"


def test_the_interval_of_a_feature_alone_is_delongs():
    draw = np.random.default_rng(0)
    column = pl.Series(draw.choice(20, 400).astype(float))
    truth = (draw.random(400) < 1 / (1 + np.exp(-column.to_numpy() / 5 + 2))).astype(np.int64)
    parts = parts_of(column)
    code = parts.codes(column)
    said = encode_target(code, truth, 2, parts.size)
    score = said[code, 1]
    found_ = interval_of_auc(said, code, truth)
    won, lost = placements(truth == 1, score)
    deviation = np.sqrt(won.var(ddof=1) / len(won) + lost.var(ddof=1) / len(lost))
    assert found_.value == pytest.approx(roc_auc_score(truth, score))
    assert found_.high - found_.low == pytest.approx(2 * 1.96 * deviation, rel=0.02)
    grouped = interval_of_auc(said, code, truth, units=np.arange(400))
    assert (grouped.low, grouped.high) == pytest.approx((found_.low, found_.high), rel=1e-6)


def test_columns_of_every_type_are_taken():
    def odd(rows, seed, first=0):
        draw = np.random.default_rng(seed)
        day = [START + timedelta(hours=int(hour)) for hour in draw.integers(0, 9000, rows)]
        return pl.DataFrame(
            {
                "time": day,
                "date": pl.Series(day).dt.date(),
                "span": [timedelta(seconds=int(each)) for each in draw.integers(0, 9000, rows)],
                "word": pl.Series(draw.choice(["a", "b"], rows), dtype=pl.Enum(["a", "b", "c"])),
                "flag": pl.Series(draw.random(rows) < 0.5).set(pl.Series(draw.random(rows) < 0.1), None),
                "nothing": [None] * rows,
                "empty": pl.Series([None] * rows, dtype=pl.Float64),
                "money": pl.Series(draw.integers(0, 99, rows)).cast(pl.Decimal(10, 2)),
                "large": pl.Series(draw.integers(0, 2**62, rows).astype(np.uint64) * np.uint64(3)),
                "holes": np.where(draw.random(rows) < 0.5, np.nan, 1.0),
                "bytes": [bytes([int(each)]) for each in draw.integers(0, 250, rows)],
                "__key": [str(first + each) for each in range(rows)],
                "__target": draw.random(rows) < 0.4,
            }
        )

    for rows in (400, 3):
        train, test = odd(rows, 0), odd(rows, 1, first=10**6)
        assert contaminations.find_contamination(train, test).figures
        assert copies.find_duplicates(train).figures
        assert values(qualities.quality(train, test))["broken_features"] == 0
        assert names.identifying(train).figures or rows < 100
        told = alone.alone(train, predicted(test))
        assert rows < 400 or {condition(each, "feature") for each in told.figures} == set(train.columns) - {
            "__key",
            "__target",
        }
        assert verdict(single_feature(), told).outcome == ("pass" if rows == 400 else "inconclusive")


# Identifiers


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        ("row number", lambda draw: np.arange(1000) + 5),
        ("shuffled", lambda draw: draw.permutation(1000)),
        ("text", lambda draw: [f"C{n}" for n in draw.permutation(10**6)[:1000]]),
        ("clock", lambda draw: np.arange(1000) * 60.0),
    ],
)
def test_features_that_name_or_count_rows_are_identifiers(fault, made):
    rows = table().with_columns(pl.Series(fault, made(np.random.default_rng(0))))
    findings = found(names, train=rows)
    assert values(findings) == {"identifiers": 1.0} and findings.notes[0].values["feature"] == fault
    assert verdict(identifiers(required=True), findings).outcome == "fail"
    assert verdict(identifiers(), findings).opens, "by itself it is only reported"


def test_real_numbers_words_and_amounts_are_no_identifiers():
    for seed in range(20):
        draw = np.random.default_rng(seed)
        cents = np.round(100 * np.exp(5 + draw.normal(size=1000))).astype(np.int64)
        assert values(names.identifying(table(seed).with_columns(cents=pl.Series(cents)))) == {
            "identifiers": 0.0
        }


def test_too_few_rows_tell_no_identifier():
    assert verdict(identifiers(required=True), found(names, train=table(rows=50))).outcome == "inconclusive"


# Quality of features


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (pl.lit(None, dtype=pl.Float64), EMPTY_IN_TEST),
        (pl.lit(1.0), ONE_VALUE_IN_TEST),
        (pl.when(pl.col("f1") > 2).then(np.inf).otherwise("f1"), INFINITE_VALUES),
    ],
)
def test_a_feature_that_broke_fails(now, why):
    findings = found(qualities, train=table(0), test=table(1).with_columns(f1=now))
    (note,) = findings.notes
    assert (note.code, note.values["feature"], note.values["what"].code) == (OF_FEATURE.id, "f1", why.id)
    assert verdict(feature_quality(), findings).outcome == "fail"


def test_idle_features_and_outliers_are_told_and_judged_only_where_asked():
    far = pl.when(pl.int_range(pl.len()) < 30).then(1e4).otherwise("f2")
    train, test = (table(seed).with_columns(f1=pl.lit(7.0), f2=far) for seed in (0, 1))
    findings = found(qualities, train=train, test=test)
    assert values(findings)["idle_features"] == 1
    assert values(findings)["values_far_outside feature f2"] == pytest.approx(0.03)
    assert verdict(feature_quality(), findings).outcome == "pass"
    assert verdict(feature_quality(idle=0), findings).outcome == "fail"
    assert slice_text(verdict(feature_quality(outliers=0.01), findings).figure) == "feature f2"


def test_sparse_features_are_not_broken():
    for seed in range(40):
        draw = np.random.default_rng(seed)
        parts = [table(seed).with_columns(rare=pl.Series(draw.random(1000) < 0.001)) for _ in range(2)]
        assert verdict(feature_quality(), qualities.quality(*parts)).outcome == "pass"


BY_TIME, BY_SHOP = {"type": "time", "test": "P1D"}, {"type": "group", "group": "shop"}


def days(train, test, of_day, each=40):
    """Rows of so many days in time, and what `of_day` makes of each one's number."""
    draw = np.random.default_rng(0)
    at = np.sort(draw.random((train + test) * each) * (train + test))
    rows = pl.DataFrame(
        {
            "f": of_day(draw, at.astype(int)),
            "__at": [START + timedelta(days=float(one)) for one in at],
            "__target": draw.random(len(at)) < 0.3,
        }
    )
    tests = pl.Series(at >= train)
    return rows.filter(~tests), rows.filter(tests)


@pytest.mark.parametrize(
    ("train", "test", "of_day"),
    [
        (304, 30, lambda draw, day: [(START + timedelta(days=int(one))).month for one in day]),
        (100, 1, lambda draw, day: draw.normal(size=101)[day]),
        (300, 30, lambda draw, day: (day % 50 == 10) & (day < 300)),
        (103, 2, lambda draw, day: day % 7 >= 5),
        (100, 14, lambda draw, day: np.where(day // 20 == 2, np.nan, day // 20)),
    ],
    ids=["month", "price of the day", "holiday", "weekend", "campaign"],
)
def test_what_stays_for_long_is_not_broken_where_it_stays_in_the_newest_rows(train, test, of_day):
    learned, judged = days(train, test, of_day)
    assert judged["f"].n_unique() == 1
    findings = found(qualities, train=learned, test=judged, split=BY_TIME)
    assert verdict(feature_quality(), findings).outcome == "pass"
    assert {each.code for each in findings.notes[:1]} <= {OF_FEATURE.id}
    # Drawn at random such rows would be a fault.
    assert verdict(feature_quality(), found(qualities, train=learned, test=judged)).outcome == "fail"


@pytest.mark.parametrize(
    "of_day",
    [
        lambda draw, day: np.where(day >= 100, 1.0, draw.normal(size=len(day))),
        lambda draw, day: np.where(day >= 100, 7.0, draw.normal(size=130)[day]),
        lambda draw, day: np.where(day >= 100, np.nan, draw.normal(size=len(day))),
        lambda draw, day: (day < 100) & (draw.random(len(day)) < 0.05),
    ],
    ids=["number", "price of the day", "empty", "flag"],
)
def test_what_changed_often_and_sticks_in_the_newest_rows_is_broken(of_day):
    learned, judged = days(100, 30, of_day)
    findings = found(qualities, train=learned, test=judged, split=BY_TIME)
    assert verdict(feature_quality(), findings).outcome == "fail"


def test_a_trait_of_groups_is_tried_as_often_as_there_are_groups():
    def shops(train, test, feature):
        rows = table(rows=20 * (train + test)).with_columns(__keep_shop=pl.int_range(pl.len()) // 20)
        tests = pl.col("__keep_shop") >= train
        rows = rows.with_columns(f1=pl.when(tests).then(3).otherwise(feature))
        return rows.filter(~tests), rows.filter(tests)

    size = pl.col("__keep_shop") % 3 + 1
    for parts in (shops(3, 1, size), shops(8, 2, size), shops(3, 1, pl.col("f1"))):
        findings = found(qualities, train=parts[0], test=parts[1], split=BY_SHOP)
        assert verdict(feature_quality(), findings).outcome == "pass"
        (note,) = findings.notes
        assert note.values["what"].code == BY_CHANCE_PERHAPS.id
    learned, judged = shops(30, 10, pl.col("f1"))
    findings = found(qualities, train=learned, test=judged, split=BY_SHOP)
    assert verdict(feature_quality(), findings).outcome == "fail"


# Time travel


def joined(rows, *, event=-120, arrived=-60, prefix="weather"):
    """Each row joined to one that many seconds before it."""

    def moved(seconds):
        if seconds is None:
            return pl.lit(None, dtype=pl.Datetime("us", "UTC"))
        return pl.col("__at") + pl.duration(seconds=pl.lit(seconds) if isinstance(seconds, int) else seconds)

    return rows.with_columns(
        moved(event).alias(f"__{prefix}_event"),
        moved(arrived).alias(f"__{prefix}_arrived"),
        pl.lit("k").alias(f"__{prefix}_key"),
    )


def test_rows_joined_to_what_was_known_pass_at_the_very_instant_too():
    findings = found(
        times, train=joined(table(0)), test=joined(table(1), event=0, arrived=0), joins=["weather"]
    )
    assert verdict(no_time_travel(), findings).outcome == "pass"


@pytest.mark.parametrize("which", ["event", "arrived"])
def test_one_row_from_the_future_fails(which):
    late = pl.when(pl.int_range(pl.len()) == 7).then(1).otherwise(-60)
    findings = found(times, train=joined(table(0), **{which: late}), test=joined(table(1)), joins=["weather"])
    said = verdict(no_time_travel(), findings)
    assert said.outcome == "fail" and said.figure.value == 1 and slice_text(said.figure) == "weather"


def test_a_join_without_times_is_inconclusive_unless_it_never_changes():
    train, test = (joined(table(n), event=None, arrived=None, prefix="airports") for n in (0, 1))
    findings = found(times, train=train, test=test, joins=["airports"])
    said = verdict(no_time_travel(), findings)
    assert said.outcome == "inconclusive" and not said.opens and "timeless" in sentence(said.reason)
    assert verdict(
        no_time_travel(timeless="airports"),
        found(times, train=train, test=test, timeless=["airports"], joins=["airports"]),
    ).opens


def test_a_second_join_of_a_dataset_is_of_the_same_name():
    train, test = (joined(table(n), event=None, arrived=None, prefix="airports.2") for n in (0, 1))
    findings = found(times, train=train, test=test, timeless=["airports"], joins=["airports", "airports"])
    assert verdict(no_time_travel(timeless=("airports",)), findings).outcome == "pass"


@pytest.mark.parametrize("dataset", ["keep_rates", "rates_key", "rates.2"])
def test_a_join_is_known_by_what_was_declared_whatever_its_dataset_is_called(dataset):
    train, test = (joined(table(n), arrived=60, prefix=dataset) for n in (0, 1))
    findings = found(times, train=train, test=test, joins=[dataset])
    assert verdict(no_time_travel(), findings).outcome == "fail"
    train, test = (joined(table(n), event=None, arrived=None, prefix=dataset) for n in (0, 1))
    findings = found(times, train=train, test=test, timeless=["rates"], joins=[dataset])
    assert not verdict(no_time_travel(timeless="rates"), findings).opens


def test_a_late_row_fails_even_where_another_join_has_no_times():
    train, test = (
        joined(joined(table(n), arrived=60), event=None, arrived=None, prefix="airports") for n in (0, 1)
    )
    findings = found(times, train=train, test=test, joins=["weather", "airports"])
    assert verdict(no_time_travel(), findings).outcome == "fail"


def test_without_joins_it_does_not_apply_and_without_times_it_is_inconclusive():
    said = verdict(no_time_travel(), found(times, train=table(0), test=table(1)))
    assert said.outcome == "does not apply" and "declared known" in sentence(said.reason)
    train, test = (joined(table(n)).drop("__at") for n in (0, 1))
    findings = found(times, train=train, test=test, joins=["weather"])
    assert verdict(no_time_travel(), findings).outcome == "inconclusive"


def test_features_that_are_known_by_declaration_alone_are_counted():
    known = ["f0", "f1", "word", "not a feature"]
    joined_too = found(times, train=joined(table(0)), test=joined(table(1)), known=known, joins=["weather"])
    alone_too = found(times, train=table(0), test=table(1), known=known)
    for findings, outcome in ((joined_too, "pass"), (alone_too, "does not apply")):
        said = verdict(no_time_travel(), findings)
        assert said.outcome == outcome
        assert sentence(said.reason).endswith(
            "3 known features tell no time: that they are known in time is declared, not seen."
        )
        (count,) = (each for each in findings.figures if each.metric == "known_features_without_times")
        assert count.value == 3


def test_what_is_excused_stands_in_the_id_and_in_the_title():
    assert no_time_travel().name == "time_travel"
    excused = no_time_travel(timeless=("airports", "areas"))
    assert excused.name == "time_travel?timeless=airports&timeless=areas"
    assert sentence(excused.title).endswith("no feature from the future (airports, areas taken as timeless)")


# All of them


@pytest.mark.parametrize(
    "make",
    [
        lambda: contamination(twins=2),
        lambda: contamination(entities=("",)),
        lambda: contamination(level="now"),
        lambda: duplicates(at_most=-1),
        lambda: duplicates(contradictory="few"),
        lambda: feature_quality(broken=0.5),
        lambda: feature_quality(outliers=2),
        lambda: identifiers(at_most=-1),
        lambda: label_errors(at_most=True),
        lambda: label_errors(on="hope"),
        lambda: no_time_travel(timeless=(1,)),
        lambda: single_feature(at_most=1.5),
        lambda: single_feature(level="never"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(make):
    with pytest.raises(BadProject, match="expected"):
        make()


@pytest.mark.parametrize(
    "check",
    [
        contamination(),
        duplicates(required=True),
        feature_quality(),
        identifiers(required=True),
        label_errors(required=True),
        no_time_travel(),
        single_feature(),
    ],
    ids=lambda check: check.name,
)
def test_without_evidence_nothing_opens(check):
    (asked,) = check.needs()
    for evidence in ({}, {asked: Evidence(need=asked)}, {asked: Evidence(need=asked, missing="it broke")}):
        (said,) = judge((check,), evidence)
        assert said.outcome == "inconclusive" and not said.opens
