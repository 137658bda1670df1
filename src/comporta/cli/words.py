"""What the command line says, in one place, in the language of who reads.

Each text has a code, `cli.` and its name in small letters (`cli.no_runs`), by which a language's file
replaces it; what is a text for each of several words has them behind it: `cli.files.sample.py`.
"""

from __future__ import annotations

from typing import Any

from comporta.cli.job_words import JobTexts
from comporta.cli.predict_words import PredictTexts
from comporta.cli.rollout_words import RolloutTexts
from comporta.cli.table_words import COLUMNS, TITLES
from comporta.cli.team_words import TeamTexts
from comporta.cli.up_words import UpTexts


class Texts(TeamTexts, PredictTexts, JobTexts, UpTexts, RolloutTexts):
    """The texts. Read from the class they are English, from `words` in the reader's language."""

    def __getattribute__(self, name: str) -> Any:
        english = object.__getattribute__(self, name)
        return english if name.startswith("_") else _translate(f"cli.{name.lower()}", english)

    TAGLINE = "From a training function to production, and kept there."
    SEE_HELP = "See: comporta{command} --help"
    INTERRUPTED = "Interrupted."
    KEPT = " Finished steps are kept; the next run goes on from there."
    FAULT = "{error}\nThis is a fault in Comporta, not in your project. The details are in {report}"
    FAULT_UNWRITTEN = (
        "{error}\nThis is a fault in Comporta, not in your project. Its details could not be written: "
        "make room, or set COMPORTA_DEBUG=1, and run again."
    )

    # options
    PROJECT = "The project's file or folder; default: the nearest project.py above."
    JSON = "Print JSON instead."
    BY = "Who does this; default: the name you are logged in with."
    REASON = "Why, for the record."
    ROLE = "In what role, where the project declares no people: validator, owner, builder or auditor."
    VERSION = "A version: late/3, late for its newest, late@champion, or late@COMMIT."
    TRACED = "A prediction's id, late/3, weather@2, weather:KEY or subject:VALUE."
    ASK_TOKENS = "Ask each request for a token also where only this machine reaches the address."
    MAX_BODY = "How large a request's body may be, unpacked: 64KiB, 16MiB, 1GB. A larger one gets 413."
    MAX_PARTITION = "How long to go on answering while the ledger cannot be read: 30m, 24h. Then 503."
    CONNECTIONS = "How many connections a worker takes at once; what comes on more gets 503."
    TLS_CERT = "Answer over TLS: a PEM file with the certificate and its chain. A new one is followed."
    TLS_KEY = "The PEM file of its key."
    ACCESS_LOG = "A file to which a line of JSON is added for each request; - for standard output."
    OTEL = "Send OpenTelemetry traces, where OTEL_EXPORTER_OTLP_ENDPOINT says. Needs: comporta[otel]."
    GRPC = "A port for the same over gRPC (Open Inference Protocol v2). Needs: comporta[grpc]."
    WORKERS = "How many processes answer. Default: one for each core, as far as memory allows."
    TOKEN_NAME = "The program that will show it, such as billing."
    TOKEN_NAMED = "A token's name, or its id."
    TOKEN_MODEL = "A model that it may be used for; may be given several times. Default: every model."
    TOKEN_ACTION = (
        "What it allows; may be given several times. Default: predict, feedback and metadata. act: all that "
        "you "
        "may, at the control process of comporta up."
    )
    TOKEN_UNTIL = "The last day it is valid: YYYY-MM-DD. Default: 90 days from now."
    TOKEN_LABEL_ONLY = "Its answers hold the label and no probability."
    TOKEN_DECIMALS = "Probabilities in its answers are rounded to so many decimals."
    TOKEN_OVERLAP = "How long the old token stays valid, such as 1h. Default: it ends at once."
    TOKEN_QUOTA = {
        "requests_a_minute": "At most so many requests a minute.",
        "rows_a_minute": "At most so many rows a minute.",
        "requests_a_day": "At most so many requests a day (UTC).",
        "rows_a_day": "At most so many rows a day (UTC).",
        "requests_at_once": "At most so many requests that are not answered yet.",
    }
    TOKEN_SHOWN = (
        "Shown once: keep it where {name} keeps its secrets. It is valid until {ends:%Y-%m-%d %H:%M} UTC."
    )
    TOKEN_OLD = "The old token is valid until {ends:%Y-%m-%d %H:%M} UTC."
    TOKEN_OLD_ENDED = "The old token is no longer valid."
    TOKEN_REVOKED = "{name}: revoked. Running servers refuse it within seconds."
    TOKEN_STATES = {"valid": "valid", "ending": "ends soon", "replaced": "replaced", "ended": "ended"}
    TOKEN_ALL = "Also those that have ended."
    EVERY_MODEL = "every one"
    NO_QUOTA = "none"
    QUOTA_REQUESTS_A_MINUTE = "{most} requests/min"
    QUOTA_ROWS_A_MINUTE = "{most} rows/min"
    QUOTA_REQUESTS_A_DAY = "{most} requests/day"
    QUOTA_ROWS_A_DAY = "{most} rows/day"
    QUOTA_REQUESTS_AT_ONCE = "{most} at once"
    NO_TOKENS = "No valid token. Make one: comporta token add NAME"
    DRY = "Only say what would be deleted."
    BARE = "No sample project: only the key, comporta.toml and .gitignore, for one declared in a notebook."

    COMPLETION_SHELL = "Which shell; default: the one that this runs in."
    COMPLETION_OUTPUT = "Where to write the script, in place of where the shell looks for it."
    COMPLETION_TO_SOURCE = "Completion for {shell} is in {file}; a shell that reads it has it: source {file}"
    COMPLETION_WRITTEN = "Completion for {shell} is in {file}; a new shell has it."

    TITLES = TITLES
    COLUMNS = COLUMNS
    YES = "yes"
    NO = "no"

    # init
    MADE = "Made {where}:"
    NEXT_AFTER_INIT = "Next:  cd {where} && comporta run"
    NEXT_HERE = "Next:  comporta run"
    NEXT_BARE = "Next:  declare a project in project.py, or in the cells of a notebook here"
    THERE = "exists already, unchanged"
    NEXT_KEY = "Next:  comporta key import FILE"
    KEY_ELSEWHERE = (
        "missing: comporta.pub belongs to an existing key; install that one with comporta key import FILE"
    )
    KEY_GONE = "missing, and data was written with it: restore it with comporta key import FILE"
    FILES = {
        "project.py": "data, features, model, gates: start here",
        "sample.py": "generated sample data, to be replaced by yours",
        "README.md": "the commands to try",
        "comporta.toml": "where data, models and events are stored",
        ".gitignore": "what git ignores, the key included",
        "key": "the project's secret; keep a copy: comporta key export",
        "public": "the public key that others verify this project's record with; commit it",
    }

    # check
    NO_FAULTS = "No errors. Models: {models}, datasets: {datasets}."
    CHECK_BEGINS = "Reading the project …"
    CHECK_READS = "Looking at {name} …"
    CHECK_READ = "Read: columns, and the keys of the first 100,000 rows; `comporta run` reads every row."
    FAULTS = "{count} errors."
    ONE_FAULT = "1 error."
    PASSWORD_IN_URL = (
        "ledger: its URL holds a password, which everybody can read who can read that file. Take it out and "
        'name where it is kept: ledger_password = "env://NAME".'
    )
    OUT_OF_RANGE = "found {value}, expected a whole number from {low} to {high}."
    VERBOSE = "Each verdict with its reason in full."
    GATES_OF = "Gates of {name}"
    POLICY_OF = "Policy of {name}"
    LIMIT = ", limit {limit}"
    FINDS = ", finds {beyond} beyond"
    FINDS_NOTHING = ", finds nothing"
    POSITIVE = ", positive class {name}"
    REQUIRED_PASSED = "{passed}/{of} required passed"
    SOME_BLOCK = "{count} blocking"
    SOME_WAIVED = "{count} waived"
    SOME_LEFT = "{count} decided at a deeper level"
    INFORMATIONAL = "{count} informational"
    NOT_PASSED = "{count} of them did not pass"
    MARKS = {
        "fail": "failed, blocks",
        "inconclusive": "inconclusive, blocks",
        "waived": "waived",
        "left open": "decided at a deeper level",
        "pass": "passed",
        "noticed": "informational, did not pass",
        "sound": "informational",
    }
    DETAILS = "Reasons: --verbose, or the page that `comporta report` writes."
    OPEN_TO_OTHERS = (
        "{name}: {path} can be read or changed by every user of this machine (its mode is {mode:o}). "
        "Close it: chmod 600 {path}"
    )
    CHECKED_WITHOUT_KEY = "The check has a key, a ledger and a store of its own, for: {why}"
    CHECK_OUT = "Where to write it too: a name ending in .md or .xml (JUnit). May be given twice."
    CHECK_TITLE = "The project's declaration"
    CHECK_LEVEL = (
        "commit: also fit each model on a sample and run its quick gates. "
        "Deeper: comporta run, comporta gate."
    )
    NO_QUICK_GATES = "{model}: no gate runs at this level."
    TRIED = "No errors, and no quick gate fails on a sample. The full set: comporta run"
    TRIED_LEFT = (
        "No errors, and no quick gate fails on a sample. Required checks that were inconclusive on it: "
        "{count}; comporta run decides them on all rows."
    )
    TRIED_BROKEN = "A required gate fails on a sample, or could not be measured."

    # data
    FEATURE_OR_MODEL = "A column's name, a dataset's column such as orders.amount, or a model."
    LIMIT_DATA = "How many versions, the newest of them."
    KEY_COLUMNS = "key {columns}"
    SUBJECT_COLUMN = "subject {column}"
    TIME_COLUMN = "time {column}"
    DATASET = "{dataset}: {rows:,} rows; {roles}"
    PERSONAL = "(personal)"
    MISSING_AT_MOST = "missing ≤ {share:.1%}"
    ONE_OF = "one of {values}"
    UNIQUE = "unique"
    ONLY_REPORTED = "only reported"
    DIFFERENCE = (
        "{dataset}: from version {old} to version {new}: {added:,} rows added, {changed:,} changed, "
        "{removed:,} removed"
    )
    COMPACTED = (
        "{dataset}: {before:,} files of {segments:,} segments are read as {after:,} now ({size}). "
        "Versions and digests are as before."
    )
    NOTHING_TO_COMPACT = "{dataset}: nothing to merge: no two adjacent small segments."
    RETRY = "Move all of them back to the open rows; the next seal tries them again."
    NONE_REJECTED = "No rejected rows: every prediction and label could be sealed."
    OPEN_ROWS = "No rejected rows now. Open rows, to be sealed next: {count}."
    RETRIED = (
        "{count} rows are open again. They are sealed within five minutes of serving, or rejected again."
    )
    ROWS_WRITTEN = "{dataset}: {rows:,} rows, {columns} columns written to {path} ({size})"
    REPLACE = "Replace what is there."
    ROWS_SO_FAR = "{what}: {rows:,} of {total:,} rows written"
    ROWS_SO_FAR_OF_MANY = "{what}: {rows:,} rows written"
    MASKED = "Personal, and so without values: {columns}. To write them too: --reveal --reason WHY"

    # key
    KEY_SHOWN = "Whoever has this key can match stored digests to people. Keep it where secrets are kept."
    KEY_PUT = "Key {fingerprint} written to {where}."
    KEY_SAME = "Key {fingerprint} is in {where} already."
    KEY_MOVED = "The previous key was moved to {where}: nothing here was written with it."

    # run
    RUN_OUT = "Where to write the verdicts too: a name ending in .md or .xml (JUnit). May be given twice."
    RUN = "Run {id} {outcome}: {what}, {took}"
    STEPS = "{fresh} steps done, {reused} reused"
    FAILURES = ", {count} failed"
    NAMED_FAILURES = ", {count} failed ({steps}{more})"
    NOT_BUILT = "models that could not be built"
    NOTHING_NEW = "nothing changed, all steps reused"
    DONE = "done"
    REUSED = "reused"
    AS_BEFORE = "{version}: {state}, as before"
    SHUT = "{version} cannot be released: a required check blocks it."
    NEXT_AFTER_RUN = "Next:  comporta release {version}"
    NEXT_APPROVAL = (
        "Next:  comporta approve {version} --by NAME --reason WHY  ({count} of {needed} approvals)"
    )
    OUTCOMES = {"running": "running", "done": "done", "failed": "failed", "stopped": "stopped"}
    COMMAND_OF_RUN = "comporta {command}"
    PARAM = "Try another value of a parameter of fit: depth=8, or late.depth=8 of one model. May be repeated."
    SET = "Try another setting of the model: seed=3, or late.seed=3 of one model. May be repeated."
    NO_RUNS = "No runs yet. Make one: comporta run"

    # gate
    LEVEL = "Which checks: release, or audit for the slow ones too."
    CHECK = "The check: its id, or its title as the table of verdicts shows it."
    NEXT_AFTER_GATE = "Next:  comporta report {version}"
    WAIVED = "{check!r} of {version} is waived until {until} by {by}."

    WAIVED_OUTCOME = "waived"
    REPORTED = "{outcome}, informational"
    LEFT_OPEN = "{outcome} (not blocking)"

    # fetch
    FETCH_INTO = "The folder to write into; it is made where it is not there."
    UNRELEASED = "Also a version that is not released and could not be: with --reason."
    FETCHED = "{version}, {state}"

    # env
    ENV_BUILDING = "{version}: building the environment that it was made with; nothing else waits for it"
    ENV_BUILT = "{version}: {distributions} distributions of its lock are installed in {folder}"
    ENV_THERE = "{version}: its environment is there, {distributions} distributions in {folder}"
    ENV_CHANGED = "not as then: {change}"
    NEXT_AFTER_ENV = (
        "Servers use it where the libraries installed do not do; one that runs, within 30 seconds."
    )

    # report
    OUT = "Where to write it: a name ending in .html, .md or .xml (JUnit). May be given more than once."
    WRITTEN = "Written to {file}"
    GATES_DIFFER = "What differs between {a} and {b}"
    NO_GATE_DIFFERS = "Every check counts the same in both."
    GATES_SAME = "The same on all: {count} checks. With --verbose they are listed."
    GATES_ALL_SAME = "All {count} checks count the same. With --verbose they are listed."
    COMPARED = "Two versions or more: late/3, late for its newest, late@champion, late@COMMIT, or a run's id."
    POLICIES_DIFFER = "What each was judged by, where that differs"
    OTHER_ROWS = "Each was measured on its own test rows, which differ: compare with care."

    # models
    LIMIT_VERSIONS = "How many versions of each model, the newest first."
    OLDER_VERSIONS = "{name} has {count:,} older versions: --limit shows more."
    NO_FEATURES = "No model is declared, and none has a version."
    NO_MODELS = "No versions yet. Make one: comporta run"
    ONE_VERSION = "{version}: {state}, made by run {run}"
    APPROVED_BY = "approved by {by}{role}: {reason}"
    APPROVED = "{version} approved by {by}: {count} of {needed} approvals; the version is {state}."
    REQUESTED = "The release of {version} is asked for. Who approves it must be another."
    RELEASED = "{version} has all traffic{before}."
    LOADING = "{version}: being loaded once, as a server does"
    RELEASED_ALREADY = "{version} has all traffic already; nothing was changed."
    BEFORE = ", in place of {version}"
    NEXT_AFTER_RELEASE = "Next:  comporta serve"
    ROLLED_BACK_UNKNOWN = (
        "warning: unknown whether rows it was trained on were erased since. {dataset}: {cause}. "
        "Repair that: comporta audit verify has details."
    )
    ROLLED_BACK = "{version} has all traffic again, in place of {gone}."

    # people
    BLANK = (
        "found a blank --by or --role, expected a name or a role. Leave the option out, or set its variable."
    )
    ARTIFACT_REMOVED = "Artifact {digest} ({kind}) is deleted; an event records that. References to it stay."

    # reproduce
    REPRODUCED = "Reproduced {version}"
    SAME = "the same"
    DIFFERS = "differs"
    DAMAGED = "the stored bytes were corrupt"

    # trace
    DRAWN = "Drawn into {file}"

    # audit
    SOUND = "OK: {events} events, {readings} projections verified"
    SIGNED = "OK: {signed} signatures verified, by the key {key}"
    KEYED = "{keyed} of them are of the keyed chain, which only the project's key can verify"
    REMOVED = "event {seq}: its body was removed; event {by} records that"
    ARTIFACTS_SOUND = "OK: {size} in {objects} artifacts verified"
    ARTIFACTS_REMOVED = "{count} more were deleted on purpose; events artifact.removed record that"
    ARTIFACTS_FREED = "{count} more were freed by garbage collection: nothing needs them"
    AND_MORE = "and {count} more"
    DATA_SOUND = "OK: {size} in {objects} files of {datasets} verified"
    NOT_SEALED = "not verified: {count} answers and labels not sealed yet"
    EXPORTED = "{events} events, {withheld} of them withheld, and {heads} signatures written to {file}"
    EXPORTED_AFTER = (
        "{keyed} events before them are not in it: an older Comporta chained them with the project's key, "
        "and only `comporta audit verify` can verify those"
    )
    CHECKED = "OK: {events} events of {project}, {withheld} withheld; head {seq}:{link}"
    CHECKED_KEY = "signed with {public}"
    CHECKED_OWN_KEY = (
        "signed with {public}, as the file itself says: compare it with the project's comporta.pub"
    )
    BODY_REMOVED = "The body of event {seq} is deleted; event {by} records that. head {head}:{hash}"
    DATASETS = "{count} datasets"
    ONE_DATASET = "1 dataset"
    READ = "{what}: {read} of {total} read"
    HEAD = "head {seq}:{hash}"
    KEEP_HEAD = "Keep this head in another place: --head SEQ:HASH finds events that were cut off since."

    # store
    TOTAL = "total"
    FREED = "Freed {objects} objects, {size}; {kept} are in use."
    WOULD_FREE = "Would free {objects} objects, {size}; {kept} are in use."
    FREED_ENVIRONMENTS = "Freed {count} environments, {size}: comporta env VERSION builds one again."
    WOULD_FREE_ENVIRONMENTS = (
        "Would free {count} environments, {size}: comporta env VERSION builds one again."
    )
    YOUNG = "{objects} more are not in use but less than a day old: kept."

    # progress
    ENDED = "{ended} of {total} steps"
    SKIPPED = "{count} steps: what they read failed, or their time was spent (each: --verbose)"
    STEPS_SKIPPED = "{count} steps skipped"
    ONE_SKIPPED = "{node}: what it reads failed, or its time was spent"
    STATES = {
        "planned": "planned",
        "reused": "reused",
        "waiting": "waiting",
        "started": "started",
        "done": "done",
        "failed": "failed",
        "skipped": "skipped",
    }

    SUBJECTS = "{dataset}@{number}: {count:,} subjects, compared in the form {form!r}{more}"
    SPELLINGS = ", written in {ways:,} ways"
    NONE_NEAR = "No two of them differ only in case, blanks, zeros in front or the like."
    NEAR_ADVICE = (
        "A request about one spelling does not find rows of the other. Correct the source, or declare "
        "Subject(column, form='folded'). With --show: some of them."
    )


words = Texts()


def english_words() -> dict[str, str]:
    """Code → English text, of all."""
    texts: dict[str, str] = {}
    for name, value in (vars(TeamTexts) | vars(Texts)).items():
        if name.isupper():
            several = value if isinstance(value, dict) else {"": value}
            texts |= {f"cli.{name.lower()}.{key}".rstrip("."): text for key, text in several.items()}
    return texts


def _translate(code: str, english: Any) -> Any:
    from comporta.cli.languages import translations

    there = translations()
    if not there:
        return english
    if isinstance(english, dict):
        return {key: there.get(f"{code}.{key}", text) for key, text in english.items()}
    return there.get(code, english)
