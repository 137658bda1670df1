"""What a trace says: codes, each with its English sentence; what the facts of a node are called."""

from __future__ import annotations

from comporta.records import Code, Message, Text, code

TITLE = code("trace.title", "Trace of {what}", what=str)
SEVERAL = code("trace.several", "{parts}", parts=tuple)

VERSION_STATE = code("trace.version", "{version}, {state}", version=str, state=Text)
LEARNED_VERSION = code(
    "trace.learned_version", "{version}, {state}, {what: and }", version=str, state=Text, what=tuple
)
LEARNED_FROM = code("trace.learned_from", "learned from {rows}", rows=Text)
JUDGED_ON = code("trace.judged_on", "was judged on {rows}", rows=Text)
NOT_LEARNED = code("trace.not_learned", "nothing learned from it yet")
NOW = code("trace.now", "now")

PREDICTION = code("trace.prediction", "prediction {id}", id=str)
ANSWER = code("trace.answer", "{model} predicted {output}", model=str, output=str)
REQUEST = code("trace.request", "request for {key}", key=str)
REQUEST_WITHOUT_KEY = code("trace.request_without_key", "request without a key")
LABEL = code("trace.label", "label {label}", label=str)
NO_LABEL = code("trace.no_label", "no label yet")
SERVED = code("trace.served", "served {count}", count=Text)
READ_IT = code("trace.read_it", "{count} of {model} about it, or that read it", count=Text, model=str)
ABOUT_IT = code("trace.about_it", "{count} of {model} about it", count=Text, model=str)

DATASET = code("trace.dataset", "{dataset}, {rows}", dataset=str, rows=Text)
MADE_BY = code("trace.made_by", "made by {step}", step=str)
READ_BY = code("trace.read_by", "read by {step}", step=str)
READ_BY_NOTHING = code("trace.read_by_nothing", "read by nothing yet")

ROW = code("trace.row", "{dataset} row {key}", dataset=str, key=str)
HISTORY_ROW = code("trace.history_row", "read {dataset} row {key}", dataset=str, key=str)
HISTORY_WINDOW = code("trace.history_window", "read a window of {dataset}, {key}", dataset=str, key=str)
GONE = code("trace.gone", "erased, or its version is no longer kept")
ROWS_OF = code("trace.rows_of", "{rows} of {dataset}", rows=Text, dataset=str)
MORE = code("trace.more", "and {count:,} more", count=int)
SUBJECT = code("trace.subject", "subject {subject}", subject=str)

STEP = code("trace.step", "step {recipe}", recipe=str)
YES = code("trace.yes", "yes")
ABOVE = code("trace.above", "above")
SOURCE = code("trace.source", "source: {files}", files=tuple)
ERASED = code("trace.erased", "rows of {dataset} erased since", dataset=str)
UNKNOWN = code(
    "trace.unknown", "unknown whether rows of {dataset} are still there: {cause}", dataset=str, cause=Text
)

NO_GATES = code("trace.no_gates", "no gates declared")
NONE_BLOCKS = code("trace.none_blocks", "no required check blocks")
ONE_BLOCKS = code("trace.one_blocks", "1 required check blocks")
SEVERAL_BLOCK = code("trace.several_block", "{count} required checks block", count=int)
GATES = code("trace.gates", "{blocking}: {counts}", blocking=Text, counts=tuple)
COUNT_OF = code("trace.count_of", "{count} {outcome}", count=int, outcome=Text)
PASSED = code("trace.passed", "passed")
FAILED = code("trace.failed", "failed")
DO_NOT_APPLY = code("trace.do_not_apply", "do not apply")
WAIVED = code("trace.waived", "waived")
CHECK = code("trace.check", "{outcome}: {check}", outcome=Text, check=Text)

APPROVED_BY = code("trace.approved_by", "approved by {by}", by=str)
RELEASE_BY = code("trace.release_by", "release {number} by {by}", number=int, by=Text)
ROLLBACK_BY = code("trace.rollback_by", "rollback {number} by {by}", number=int, by=Text)
EXPORTED_BY = code("trace.exported_by", "exported by {by}", by=str)
FETCHED_BY = code("trace.fetched_by", "fetched by {by}", by=str)
ANSWERS_OF = code(
    "trace.answers_of", "answers of {version} to {rows}, for {by}", version=str, rows=str, by=str
)
BATCH_ANSWER = code("trace.batch_answer", "{model} predicted {output} in a batch", model=str, output=str)
BATCH_ANSWERED = code("trace.batch_answered", "{model} predicted in a batch, into a file", model=str)
ANSWERED_ROW = code("trace.answered_row", "row {key} of {dataset}", key=str, dataset=str)
OF_FILES = code("trace.of_files", "a row of files, which are not kept")
ANSWERED_ROWS = code("trace.answered_rows", "answered {beside} in a batch, for {by}", beside=str, by=str)
ANSWERED_BY = code("trace.answered_by", "answered by {beside} in a batch, for {by}", beside=str, by=str)
SOMEONE = code("trace.someone", "someone")

EVALUATED = code("trace.evaluated", "test set evaluated {times}", times=Text)
EVALUATED_SPLIT = code(
    "trace.evaluated_split",
    "test set evaluated {times}, {all} in all under this split",
    times=Text,
    all=int,
)
ONCE = code("trace.once", "once")
TWICE = code("trace.twice", "twice")
TIMES = code("trace.times", "{count} times", count=int)

ONE_ROW = code("trace.one_row", "1 row")
ROWS = code("trace.rows", "{count:,} rows", count=int)
ONE_PREDICTION = code("trace.one_prediction", "1 prediction")
PREDICTIONS = code("trace.predictions", "{count:,} predictions", count=int)

RELEASE = code("trace.fact.release", "release")
ARM = code("trace.fact.arm", "arm")
WORKER = code("trace.fact.worker", "worker")
TOOK = code("trace.fact.took", "model took")
TOKEN = code("trace.fact.token", "token")
TRACE_ID = code("trace.fact.trace", "trace id")
AT = code("trace.fact.at", "at")
ARRIVED = code("trace.fact.arrived", "arrived")
ID = code("trace.fact.id", "id")
MADE = code("trace.fact.made", "made")
RUN = code("trace.fact.run", "run")
BY = code("trace.fact.by", "by")
ADDED = code("trace.fact.added", "added")
REMOVED = code("trace.fact.removed", "removed")
EVENT = code("trace.fact.event", "event")
KNOWN = code("trace.fact.known", "known")
SINCE = code("trace.fact.window_since", "since")
WHERE = code("trace.fact.gone", "gone")
FORGOTTEN = code("trace.fact.forgotten", "forgotten")
RECIPE = code("trace.fact.recipe", "recipe")
CODE = code("trace.fact.code", "code")
SEE = code("trace.fact.see", "see")
ROWS_READ = code("trace.fact.rows", "rows")
DIGEST = code("trace.fact.digest", "digest")
WAIVED_BY = code("trace.fact.waived_by", "waived by")
UNTIL = code("trace.fact.until", "until")
AS = code("trace.fact.as", "as")
WHY = code("trace.fact.why", "why")
COMMIT = code("trace.fact.commit", "commit")
STALE = code("trace.fact.stale", "since")
VERSION = code("trace.fact.version", "version")
PERSONAL = code("trace.fact.personal", "personal")
SERVES = code("trace.fact.serves", "serves")

OF_HISTORY: dict[str, Code] = {"event": EVENT, "known": KNOWN, "gone": WHERE}
"""What the facts of a row of history are called; a row's others are columns."""

OF_WINDOW: dict[str, Code] = {**OF_HISTORY, "since": SINCE, "rows": ROWS_READ}
"""What the facts of a window of history are called."""

FACTS: dict[str, Code] = {
    "at": AT,
    "arrived": ARRIVED,
    "id": ID,
    "made": MADE,
    "run": RUN,
    "by": BY,
    "added": ADDED,
    "removed": REMOVED,
    "forgotten": FORGOTTEN,
    "recipe": RECIPE,
    "code": CODE,
    "see": SEE,
    "rows": ROWS_READ,
    "digest": DIGEST,
    "waived by": WAIVED_BY,
    "until": UNTIL,
    "personal": PERSONAL,
    "as": AS,
    "why": WHY,
    "commit": COMMIT,
    "since": STALE,
    "version": VERSION,
    "serves": SERVES,
    "release": RELEASE,
    "arm": ARM,
    "worker": WORKER,
    "took": TOOK,
    "token": TOKEN,
    "trace": TRACE_ID,
}
"""What the facts of any other node are called."""


def rows(count: int) -> Message:
    """`1 row`, `1,200 rows`."""
    return ONE_ROW() if count == 1 else ROWS(count=count)


def predictions(count: int) -> Message:
    """`1 prediction`, `1,200 predictions`."""
    return ONE_PREDICTION() if count == 1 else PREDICTIONS(count=count)


def times(count: int) -> Message:
    """`once`, `twice`, `3 times`."""
    return {1: ONCE(), 2: TWICE()}.get(count) or TIMES(count=count)
