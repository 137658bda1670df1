"""What the command line says, in one place, in the language of who reads.

Each text has a code, `cli.` and its name in small letters (`cli.no_runs`), by which a language's file
replaces it; what is a text for each of several words has them behind it: `cli.files.sample.py`.
"""

from __future__ import annotations

from typing import Any


class Texts:
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
    DRY = "Only say what would be deleted."

    # tables: titles and columns by their ids
    TITLES = {
        "Accepted": "Accepted",
        "Columns": "Columns",
        "Datasets": "Datasets",
        "May be one subject": "May be one subject",
        "Metrics": "Metrics",
        "People": "People",
        "Rejected": "Rejected",
        "Rows": "Rows",
        "Runs": "Runs",
        "Steps": "Steps",
        "Store": "Store",
        "Training data": "Training data",
        "Versions": "Versions",
    }
    COLUMNS = {
        "about": "about",
        "added": "added",
        "because": "because",
        "bytes": "bytes",
        "cause": "cause",
        "change": "change",
        "code": "code",
        "column": "column",
        "columns": "columns",
        "command": "command",
        "cpu": "cpu",
        "dataset": "dataset",
        "differ in": "differ in",
        "distinct": "distinct",
        "expected": "expected",
        "first seen": "first seen",
        "for instance": "for instance",
        "gate": "gate",
        "gates": "gates",
        "id": "id",
        "judged by": "judged by",
        "key": "key",
        "log": "log",
        "made": "made",
        "max": "max",
        "meaning": "meaning",
        "memory": "memory",
        "metric": "metric",
        "min": "min",
        "missing": "missing",
        "name": "name",
        "new": "new",
        "object": "object",
        "objects": "objects",
        "old": "old",
        "outcome": "outcome",
        "owner": "owner",
        "pairs": "pairs",
        "reason": "reason",
        "recipe": "recipe",
        "removed": "removed",
        "role": "role",
        "rows": "rows",
        "run": "run",
        "size": "size",
        "started": "started",
        "state": "state",
        "step": "step",
        "steps": "steps",
        "took": "took",
        "type": "type",
        "values": "values",
        "verdict": "verdict",
        "version": "version",
        "wall": "wall",
        "what": "what",
    }
    YES = "yes"
    NO = "no"

    # init
    MADE = "Made {where}:"
    NEXT_AFTER_INIT = "Next:  cd {where} && comporta run"
    NEXT_HERE = "Next:  comporta run"
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
    POSITIVE = ", positive class {name}"
    REQUIRED_PASSED = "{passed}/{of} required passed"
    SOME_BLOCK = "{count} blocking"
    SOME_WAIVED = "{count} waived"
    SOME_LEFT = "{count} decided at a deeper level"
    INFORMATIONAL = "{count} informational"
    NOT_PASSED = "{count} of them did not pass"
    DETAILS = "Reasons: --verbose, or the page that `comporta report` writes."
    OPEN_TO_OTHERS = (
        "{name}: {path} can be read or changed by every user of this machine (its mode is {mode:o}). "
        "Close it: chmod 600 {path}"
    )
    CHECK_OUT = "Where to write it too: a name ending in .md or .xml (JUnit). May be given twice."
    CHECK_TITLE = "The project's declaration"
    CHECK_LEVEL = "commit: also fit each model on a sample and run its quick gates."
    NO_QUICK_GATES = "{model}: no gate runs at this level."
    TRIED = "No errors, and no quick gate fails on a sample. The full set: comporta run"
    TRIED_LEFT = (
        "No errors, and no quick gate fails on a sample. Required checks that were inconclusive on it: "
        "{count}; comporta run decides them on all rows."
    )
    TRIED_BROKEN = "A required gate fails on a sample, or could not be measured."

    # data
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

    # key
    KEY_SHOWN = "Whoever has this key can match stored digests to people. Keep it where secrets are kept."
    KEY_PUT = "Key {fingerprint} written to {where}."
    KEY_SAME = "Key {fingerprint} is in {where} already."
    KEY_MOVED = "The previous key was moved to {where}: nothing here was written with it."

    # run
    RUN_OUT = "Where to write the verdicts too: a name ending in .md or .xml (JUnit). May be given twice."
    RUN = "Run {id} {outcome}: {what}, {took}"
    STEPS = "{fresh} steps done, {reused} reused"
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
    STEPS_OF_RUN = "{ended}/{total}, {reused} reused"
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

    # report
    OUT = "Where to write it: a name ending in .html, .md or .xml (JUnit). May be given more than once."
    WRITTEN = "Written to {file}"
    GATES_DIFFER = "What differs between {a} and {b}"
    NO_GATE_DIFFERS = "No check counts otherwise in one than in the other."
    GATES_SAME = "The same on both: {count} checks. With --verbose they are listed."
    POLICIES_DIFFER = "By what they were judged, where that differs"
    OTHER_ROWS = "Each was measured on its own test rows, which differ: compare with care."

    # models
    NO_MODELS = "No versions yet. Make one: comporta run"
    NO_GATES = "none declared"
    ALL_PASS = "all {count} pass"
    ONE_VERSION = "{version}: {state}, made by run {run}"
    APPROVED_BY = "approved by {by}{role}: {reason}"
    APPROVED = "{version} approved by {by}: {count} of {needed} approvals; the version is {state}."
    RELEASED = "{version} has all traffic{before}."
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
    NAME = "Their name, compared without case; or their id."
    NO_PEOPLE = "Nobody has approved, waived or released anything yet, and the project declares nobody."
    ARTIFACT_REMOVED = "Artifact {digest} ({kind}) is deleted; an event records that. References to it stay."
    FORGOTTEN = "The name of {id} is deleted. What they did stays recorded under that id."
    STILL_HELD = "Events from before people had ids that still hold the name: {count}"
    HELD_REMOVABLE = "`comporta audit remove SEQ --reason erasure` deletes the body of {count} ({seqs})"
    HELD_FIXED = (
        "{count} cannot be changed ({seqs}), since the links of the older, keyed chain cover their bodies, "
        "but no `comporta audit export` holds them"
    )
    MORE_IN_JSON = "{numbers} and {more:,} more: --json lists them"
    STILL_DECLARED = "The project file still declares {name}: take the name out of it too."

    # reproduce
    REPRODUCED = "Reproduced {version}"
    SAME = "the same"
    DIFFERS = "differs"
    DAMAGED = "the stored bytes were corrupt"

    # trace
    DRAWN = "Drawn into {file}"

    # audit
    SOUND = "OK: {events} events, {readings} projections verified"
    SIGNED = "signed: {signed} heads, key {key}"
    KEYED = "{keyed} of them are of the keyed chain, which only the project's key can verify"
    REMOVED = "event {seq}: its body was removed; event {by} records that"
    ARTIFACTS_SOUND = "OK: {size} in {objects} artifacts verified"
    ARTIFACTS_REMOVED = "{count} more were deleted on purpose; events artifact.removed record that"
    ARTIFACTS_FREED = "{count} more were freed by garbage collection: nothing needs them"
    AND_MORE = "and {count} more"
    DATA_SOUND = "OK: {size} in {objects} objects of {datasets} verified"
    NOT_SEALED = "not verified: {count} answers and labels not sealed yet"
    EXPORTED = "{events} events, {withheld} of them withheld, and {heads} signed heads written to {file}"
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

    # store
    TOTAL = "total"
    FREED = "Freed {objects} objects, {size}; {kept} are in use."
    WOULD_FREE = "Would free {objects} objects, {size}; {kept} are in use."
    YOUNG = "{objects} more are not in use but less than a day old: kept."

    # progress
    ENDED = "{ended} of {total} steps so far"
    STATES = {
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
    for name, value in vars(Texts).items():
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
