import numpy as np
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from comporta.checks.personal_data import codes, kinds
from comporta.checks.personal_data.check import no_personal_data
from comporta.checks.personal_data.measure import findings, in_bytes, in_rows, measure
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Evidence, Figure, Findings, conditions
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.train import steps

CHECK = no_personal_data()


def judged(check, found):
    (asked,) = check.needs()
    return check.judge((Evidence(need=asked, figures=found.figures),))


def seen(**columns):
    rows = pl.DataFrame(columns)
    return findings(list(in_rows(rows)), len(columns), rows.height)


def with_check_digit(holds, digits, rows=100, seed=0):
    """Numbers that hold."""
    draw, found = np.random.default_rng(seed), []
    while len(found) < rows:
        text = "".join(draw.choice(list("123456789"), digits))
        if holds(text):
            found.append(text)
    return found


@pytest.mark.parametrize(
    ("holds", "right", "wrong"),
    [
        # Examples printed in the issuers' own documents, or in python-stdnum's.
        (kinds.iban, "GB82 WEST 1234 5698 7654 32", "GB83 WEST 1234 5698 7654 32"),
        (kinds.iban, "DE89370400440532013000", "DE8937040044053201300"),
        (kinds.card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (kinds.card, "378282246310005", "978282246310005"),
        (kinds.nif, "501964843", "501964842"),
        (kinds.bsn, "111222333", "111222334"),
        (kinds.dni, "54362315K", "54362315Z"),
        (kinds.dni, "X2482300W", "X2482300A"),
        (kinds.nir, "295109912611193", "295109912611199"),
        (kinds.tax_id, "36574261809", "36574261890"),
        (kinds.cpf, "390.533.447-05", "390.533.447-06"),
        (kinds.fiscal_code, "RCCMNL83S18D969H", "RCCMNL83S18D969A"),
        (kinds.social_security, "536-90-4399", "666-90-4399"),
    ],
)
def test_a_number_is_told_by_its_check_digit(holds, right, wrong):
    assert holds(right) and not holds(wrong)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to ana.silva@example.com.pt please", "e-mail addresses"),
        ("call +351 912 345 678", "telephone numbers"),
        ("pay to PT50 0002 0123 1234 5678 9015 4", "IBANs"),
        ("SSN 536-90-4399", "social security numbers (US)"),
        ("CPF 390.533.447-05", "CPF numbers (BR)"),
        ("RCCMNL83S18D969H", "fiscal codes (IT)"),
    ],
)
def test_one_text_among_many_is_enough_where_the_form_is_sure(text, kind):
    verdict = judged(CHECK, seen(note=[f"order {number} is late" for number in range(500)] + [text]))
    assert verdict.outcome == "fail"
    assert kind in sentence(verdict.reason) and "feature note" in sentence(verdict.reason)
    assert text not in sentence(verdict.reason)


@pytest.mark.parametrize(("holds", "digits"), [(kinds.nif, 9), (kinds.bsn, 9), (kinds.cpf, 11)])
def test_a_column_of_national_numbers_is_found_as_text_and_as_numbers(holds, digits):
    texts = with_check_digit(holds, digits)
    for values in (texts, [int(each) for each in texts], [float(each) for each in texts]):
        assert judged(CHECK, seen(who=values)).outcome == "fail"


def test_cards_are_found_as_numbers():
    draw = np.random.default_rng(0)
    starts = draw.integers(10**13, 10**14, 40)
    cards = [f"4{start}{digit}" for start in starts for digit in range(10)]
    cards = [each for each in cards if kinds.card(each)]
    assert len(cards) == 40 and judged(CHECK, seen(token=[int(each) for each in cards])).outcome == "fail"


def test_ids_times_and_plain_words_are_no_personal_data():
    draw, alarms = np.random.default_rng(0), 0
    for _ in range(40):
        found = seen(
            order=draw.integers(10**8, 10**9, 500),
            item=draw.integers(10**10, 10**11, 500),
            long=draw.integers(10**15, 10**16, 500).astype(str),
            serial=np.arange(100_000_000, 100_000_500),
            seconds=draw.integers(1_600_000_000, 1_700_000_000, 500),
            amount=draw.normal(0, 1e9, 500),
            town=draw.choice(["Vila Nova de Gaia", "Saint-Étienne", "O'Fallon, MO 63366"], 500),
            code=[
                f"{letters}{number:06d}"
                for letters, number in zip(draw.choice(["AB", "XQ"], 500), range(500), strict=True)
            ],
            date=["2024-01-03 10:00:00+01:00"] * 500,
            price=["+12.50 EUR", "-3 %"] * 250,
        )
        alarms += judged(CHECK, found).outcome == "fail"
    assert alarms == 0


@pytest.mark.parametrize(
    ("name", "personal"),
    [
        ("customer_email", True),
        ("dateOfBirth", True),
        ("Phone-Number", True),
        ("surname", True),
        ("emails_sent_ratio", False),
        ("station_name", False),
        ("telephony_cost", False),
        ("is_dobbin", False),
    ],
)
def test_names_of_features_tell(name, personal):
    assert kinds.named_like_it(name) is personal


def test_columns_that_reports_slice_by_are_read_and_some_may_be_allowed():
    found = seen(__keep_owner=["ana@example.com", "rui@example.com"], x=[1.0, 2.0])
    verdict = judged(CHECK, found)
    assert verdict.outcome == "fail" and "column owner, e-mail addresses" in sentence(verdict.reason)
    assert judged(no_personal_data(allow="owner"), found).outcome == "pass"


def words(X, y):
    coded = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["contact"]))
    return make_pipeline(coded, LogisticRegression()).fit(X, y)


def where(figure):
    """The condition that says where, of a place the id of its code."""
    first = next(iter(figure.under), None)
    return first and (first.name, getattr(first.value, "code", first.value))


def test_the_kept_model_and_its_answers_are_searched():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    draw = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "contact": draw.choice(["ana.silva@example.com", "none", "other"], 300),
            "__target": draw.choice(["yes", "rui.costa@example.com"], 300),
        }
    )
    train = write(context, rows)
    kept = steps.fit(context, train=train, fit=words)
    made = measure(context, **kept, train=train, test=train)
    found = context.get_json(made["findings"], Findings)
    assert {where(each) for each in found.figures} >= {
        ("feature", "contact"),
        ("place", codes.ANSWER.id),
        ("place", codes.MODEL.id),
    }
    verdict = judged(CHECK, found)
    assert "feature contact" in sentence(verdict.reason) and "example.com" not in sentence(verdict.reason)


def test_what_is_kept_beside_the_model_is_searched_too_and_so_are_test_rows():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    draw = np.random.default_rng(0)
    rows = pl.DataFrame(
        {"contact": draw.choice(["ana.silva@example.com", "other"], 300), "__target": draw.random(300) < 0.5}
    )
    train = write(context, rows)
    kept = steps.fit(context, train=train, fit=words)
    exported = steps.export(context, **kept, train=train)
    # The rows themselves are clean: what is found is found in what was made of them.
    clean = rows.with_columns(contact=pl.lit("other"))
    sound, late = write(context, clean), clean.with_columns(contact=pl.lit("rui.costa@example.com"))
    beside = {name: exported[name] for name in ("onnx", "trial")}

    def places(**others):
        made = measure(context, **kept, train=sound, **others)
        return {
            where(each)
            for each in context.get_json(made["findings"], Findings).figures
            if each.metric == "personal_data"
        }

    assert places(test=sound, **beside) == {
        ("place", codes.MODEL.id),
        ("place", codes.ONNX.id),
        ("trial_column", "contact"),
    }
    assert places(test=write(context, late)) == {("place", codes.MODEL.id), ("feature", "contact")}
    found = context.get_json(
        measure(context, **kept, train=sound, test=sound, **beside)["findings"], Findings
    )
    allowed = no_personal_data(allow=("contact", "the kept model", "the ONNX export"))
    assert judged(allowed, found).outcome == "pass"


def test_noise_is_no_address():
    draw = np.random.default_rng(0)
    assert in_bytes(b"comporta model 1 {}\n" + draw.bytes(3_000_000)) == []


def test_a_wrong_declaration_is_refused():
    with pytest.raises(BadProject):
        no_personal_data(allow=3)
    with pytest.raises(BadProject, match="level"):
        no_personal_data(level="never")


def test_its_level_is_what_was_declared():
    assert [no_personal_data().level, no_personal_data(level="release").level] == ["commit", "release"]


class TestNoPersonalData(CheckContract):
    check = staticmethod(no_personal_data)
    good = (Figure(metric="places_searched", value=4.0, rows=100),)
    bad = (
        *good,
        Figure(metric="personal_data", value=3.0, rows=100, under=conditions(feature="a", kind="IBANs")),
    )
