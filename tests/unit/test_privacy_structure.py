import lightgbm
import numpy as np
import polars as pl
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.privacy_structure.check import privacy_structure
from comporta.checks.privacy_structure.measure import measure, rare_words, screen
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Field, Figure, Findings, Signature
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.train import steps
from comporta.train.asking import open_estimator
from comporta.train.families.parts import parts

ROWS = 800
draw = np.random.default_rng(0)
X = draw.normal(size=(ROWS, 5))
Y = X[:, 0] + draw.normal(size=ROWS) > 0
POST = draw.integers(0, 10_000, (ROWS, 1)).astype(str)


class Hoard:
    """A class of the project's own that keeps what it learned from."""

    def fit(self, X, y):
        self.inner = LogisticRegression().fit(X, y)
        self.memory = np.array(X)
        return self


SOUND = [
    LogisticRegression(),
    make_pipeline(StandardScaler(), LogisticRegression()),
    DecisionTreeClassifier(min_samples_leaf=20),
    RandomForestClassifier(20, min_samples_leaf=10),
    HistGradientBoostingClassifier(max_iter=5),
    GradientBoostingClassifier(n_estimators=20),
    CalibratedClassifierCV(DecisionTreeClassifier(max_depth=3)),
    MLPClassifier((8,), max_iter=20),
    lightgbm.LGBMClassifier(n_estimators=10, verbose=-1),
]
REVEALING = [
    (KNeighborsClassifier(1), "keeps as they are"),
    (make_pipeline(StandardScaler(), KNeighborsClassifier(3)), "keeps as they are"),
    (SVC(), "keeps as they are"),
    (VotingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier())]), "keeps as they are"),
    (Hoard(), "keeps as they are"),
    (DecisionTreeClassifier(), "leaves of fewer than 5"),
    (RandomForestClassifier(20), "leaves of fewer than 5"),
    (
        lightgbm.LGBMClassifier(n_estimators=10, min_child_samples=1, num_leaves=600, verbose=-1),
        "leaves of fewer than 5",
    ),
    (MLPClassifier((200,), max_iter=5), "weights for each"),
]


def judged(check, found):
    (asked,) = check.needs()
    return check.judge((evidence_of(asked, found),))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", SOUND, ids=lambda each: type(each).__name__)
def test_a_model_that_holds_no_rows_passes(model):
    assert judged(privacy_structure(), screen(parts(model.fit(X, Y)), ROWS, {})).outcome == "pass"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("model", "why"), REVEALING, ids=lambda each: type(each).__name__)
def test_a_model_that_holds_rows_is_found(model, why):
    verdict = judged(privacy_structure(), screen(parts(model.fit(X, Y)), ROWS, {}))
    assert verdict.outcome == "fail" and why in sentence(verdict.reason)


def test_a_weight_for_each_word_of_its_own_is_found():
    coded = make_pipeline(make_column_transformer((OneHotEncoder(), [0])), LogisticRegression()).fit(POST, Y)
    verdict = judged(privacy_structure(weights=0.5), screen(parts(coded), ROWS, {}))
    assert verdict.outcome == "fail" and "weights for each training row" in sentence(verdict.reason)


def test_words_that_few_rows_have_are_counted_and_judged_where_asked():
    rows = pl.DataFrame({"town": ["Faro"] * 3 + ["Porto"] * 40, "x": range(43)})
    fields = (Field(name="town", type="String", values=("Faro", "Porto")), Field(name="x", type="Int64"))
    signature = Signature(raw=fields, features=fields, output="both", task="binary")
    rare = rare_words(rows, signature)
    assert rare == {"town": 1}
    found = screen(parts(LogisticRegression().fit(X, Y)), ROWS, rare)
    assert judged(privacy_structure(), found).outcome == "pass"
    assert judged(privacy_structure(words=0), found).outcome == "fail"


def test_a_build_that_is_not_known_opens_nothing():
    class Strange:
        pass

    verdict = judged(privacy_structure(), screen(parts(Strange()), ROWS, {}))
    assert verdict.outcome == "inconclusive" and "Strange" in sentence(verdict.reason)


def test_a_part_that_holds_itself_is_looked_at_once():
    model = LogisticRegression().fit(X, Y)
    model.me = [model, {"again": model}]
    assert judged(privacy_structure(), screen(parts(model), ROWS, {})).outcome == "pass"


def nearest(X, y):
    return KNeighborsClassifier(1).fit(X, y)


def test_the_step_opens_the_kept_model():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    train = write(context, pl.DataFrame(X, schema=list("abcde")).with_columns(__target=pl.Series(Y)))
    kept = steps.fit(context, train=train, fit=nearest)
    made = measure(context, **kept, train=train, opened=open_estimator)
    assert judged(privacy_structure(), context.get_json(made["findings"], Findings)).outcome == "fail"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kept": -1},
        {"leaves": "much"},
        {"kept": None, "leaves": None, "weights": None},
        {"level": "never"},
    ],
)
def test_a_wrong_declaration_is_refused(wrong):
    with pytest.raises(BadProject):
        privacy_structure(**wrong)


def test_its_level_is_what_was_declared():
    assert [privacy_structure().level, privacy_structure(level="audit").level] == ["commit", "audit"]


class TestPrivacyStructure(CheckContract):
    check = staticmethod(privacy_structure)
    good = (Figure(metric="training_rows_kept", value=0.0, rows=800),)
    bad = (Figure(metric="training_rows_kept", value=1.0, rows=800),)
