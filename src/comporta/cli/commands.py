"""Every command: its name, where its function is, and the line that tells what it does."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """name: one or two words. takes: its arguments as shown. target: `module:function` below comporta.cli."""

    name: str
    takes: str
    target: str
    tells: str


GROUPS: dict[str, tuple[Command, ...]] = {
    "Begin": (
        Command("init", "NAME", "init:init", "make a small project that runs at once, and its key"),
        Command("check", "", "check:check", "list every error of the project file, with file and line"),
        Command("key export", "", "key:export", "print the project's key, to keep it elsewhere"),
        Command("key import", "[FILE]", "key:import_", "install a project's key"),
    ),
    "Build": (
        Command("run", "[MODEL…]", "run:run", "read data, train what changed, judge it by its gates"),
        Command("runs", "", "run:runs", "the latest runs"),
        Command("show", "RUN", "run:show", "one run: each step, its cost and what it printed"),
        Command("jobs", "", "job:jobs", "what waits for a worker, what runs, and what ended"),
        Command("job show", "JOB", "job:show", "one job: its attempts, and why it did not end well"),
        Command("job cancel", "JOB", "job:cancel", "end a job, with every process that it started"),
        Command("job retry", "JOB", "job:retry", "have a job carried out again"),
        Command("job raise", "JOB", "job:raise_", "give a job that waits another class"),
        Command("work", "", "job:work", "carry out jobs, and ask for what schedules say"),
        Command("tick", "[SCHEDULE]", "tick:tick", "ask for what schedules say that is due, once"),
        Command("schedules", "", "tick:schedules", "what is asked for by itself, and when next"),
        Command("data list", "", "data:list_", "the datasets"),
        Command("data show", "NAME", "data:show", "one dataset: columns, versions, expectations"),
        Command("data versions", "NAME", "data:versions", "the versions of a dataset"),
        Command(
            "data subjects",
            "NAME",
            "data:subjects",
            "its subjects, and spellings that may be one",
        ),
        Command("data export", "NAME PATH", "data:export", "write its rows to Parquet, CSV or a Delta table"),
        Command("data compact", "NAME", "data:compact", "merge its many small files"),
        Command("data rejected", "", "data:rejected", "predictions and labels that could not be sealed"),
        Command("data accept", "NAME", "data:accept", "accept the columns that a source has now"),
        Command(
            "data diff", "NAME OLD NEW", "data:diff", "rows and columns that differ between two versions"
        ),
        Command("features list", "", "features:list_", "the columns that models read, and their origin"),
        Command("features show", "COLUMN|MODEL", "features:show", "the models that use a column, its origin"),
    ),
    "Release": (
        Command("models", "[MODEL]", "model:models", "versions, their states and verdicts"),
        Command("gate", "VERSION", "gate:gate", "judge a version again, by its gates as declared now"),
        Command("report", "VERSION", "report:report", "the verdicts of a version, as a table and a page"),
        Command("compare", "A B [C…]", "report:compare", "versions side by side, two or more"),
        Command(
            "waive",
            "VERSION CHECK",
            "gate:waive",
            "exempt it from one check until a day, in your name",
        ),
        Command("approve", "VERSION", "model:approve", "approve a version for release, in your name"),
        Command("request", "VERSION", "model:request", "ask for the release of a version, in your name"),
        Command("release", "VERSION", "model:release", "begin a version's release, or give it all traffic"),
        Command("releases", "", "rollout:releases", "the releases under way, and what each waits for"),
        Command("steer", "", "rollout:steer", "carry out release plans: count, decide, move traffic"),
        Command("fetch", "VERSION FOLDER", "model:fetch", "write a version's files into a folder"),
        Command(
            "predict",
            "VERSION",
            "predict:predict_batch",
            "write its answers to many rows into a file",
        ),
        Command("rollback", "MODEL", "model:rollback", "give all traffic back to the previous version"),
        Command("people list", "", "people:list_", "who approved, waived or released, and in what role"),
        Command("people add", "NAME", "people:add", "give somebody a role, or register their key"),
        Command("people revoke", "NAME", "people:revoke", "end somebody's roles and keys, at once"),
        Command("people deny", "NAME ACTION", "people:deny", "forbid somebody one action"),
        Command("people key", "", "people:key", "print your public key, made at first use"),
        Command("people trust", "NAME", "people:trust", "let jobs of a CI system act as a service account"),
        Command("people forget", "NAME", "people:forget", "delete a person's name; what they did stays"),
        Command("token add", "NAME", "token:add", "make a token by which a program asks a server"),
        Command("token list", "", "token:list_", "the tokens, what they are for and when they end"),
        Command("token rotate", "NAME", "token:rotate", "a new token in place of the one of this name"),
        Command("token revoke", "NAME", "token:revoke", "end a token now"),
        Command("env", "VERSION", "environment:env", "build the libraries that a version was made with"),
        Command("serve", "", "serve:serve", "answer requests with what is released"),
    ),
    "Operate": (
        Command("up", "", "up:up", "run everything: server and control process, watched, with one log"),
        Command("down", "", "up:down", "end what comporta up runs"),
        Command("status", "", "up:status", "what comporta up runs, and how each part does"),
    ),
    "Ask": (
        Command("trace", "ID", "trace:trace", "lineage: where it came from, and what it touched"),
        Command(
            "reproduce", "VERSION", "reproduce:reproduce", "build a version again and compare every output"
        ),
        Command("audit verify", "", "audit:verify", "verify events, projections and stored bytes"),
        Command("audit key", "", "audit:key", "the public key that the record is signed with"),
        Command("audit export", "FILE", "audit:export", "write the record to a file that others can verify"),
        Command("audit verify-export", "FILE", "audit:verify_export", "verify an exported record of events"),
        Command("audit remove", "SEQ", "audit:remove", "delete an event's body, as the law may require"),
        Command("store du", "", "store:du", "disk usage of the store, by kind"),
        Command("store gc", "", "store:gc", "delete bytes that nothing reaches"),
        Command("store remove", "DIGEST", "store:remove", "delete one text, log or finding for good"),
    ),
}

COMPLETION = "--install-completion"
"""Asked for once and never again, so it is named below the commands and not among them."""

FORMER = {"audit check": "audit verify-export"}
"""Names of commands in older releases → today's: they work and are not listed."""

NOUNS = {
    "job": "What a worker carries out.",
    "data": "The datasets and their versions.",
    "features": "The columns that models read.",
    "key": "The project's key: what is stored cannot be matched to people without it.",
    "token": "What programs show to a server to be let in.",
    "people": "Who is in the team, with roles and keys; a name can be deleted.",
    "audit": "The record of events.",
    "store": "The stored bytes.",
}

COMMANDS = tuple(command for group in GROUPS.values() for command in group)


def page(*, colour: bool = False) -> str:
    """The page of all commands."""

    def strong(text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if colour else text

    wide = max(len(f"{each.name} {each.takes}") for each in COMMANDS) + 3
    lines = ["Comporta: from a training function to production, and kept there.", ""]
    for title, commands in GROUPS.items():
        lines.append(strong(title))
        lines += [f"  {f'{each.name} {each.takes}':<{wide}}{each.tells}" for each in commands]
        lines.append("")
    lines += [
        "`comporta COMMAND --help` tells its options. Most take --json, and --project PATH.",
        f"`comporta {COMPLETION}` has the shell complete them.",
        "New here?  comporta init first && cd first && comporta run",
    ]
    return "\n".join(lines)
