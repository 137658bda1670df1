"""Every place where Comporta stores bytes: where it is, what may lie in it, and how that is erased.

Whoever writes anywhere else adds it here first: a test watches all that a whole turn writes, in every
process, and fails on a place that nobody declared. What holds personal values has to say how they go.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from comporta.records.record import Record

Base = Literal["store", "ledger", "project", "temporary", "cache", "config", "chosen"]
"""What a path is relative to: the store's URL, in which datasets lie below their project (at its root where
an older Comporta put them); the ledger's, whose file is `ledger`; the project's folder; the system's folder
for temporary files; the user's folder for caches, and for configuration; what a person names."""

Holds = Literal["personal values", "keyed digests", "nothing personal"]


class StoredPlace(Record, frozen=True, kw_only=True):
    """paths: patterns relative to `base`, part by part; a last `**` is all that is below. holds: the most
    that may lie there. erased: how a person is erased from it, or why nobody need be. lifetime: when it goes
    by itself, or empty."""

    name: str
    base: Base
    paths: tuple[str, ...]
    holds: Holds
    erased: str
    lifetime: str = ""

    def covers(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path below the base lies in it; a folder may be on the way to it."""
        return any(_matches(path.split("/"), each.split("/"), folder) for each in self.paths)


def _matches(path: list[str], pattern: list[str], folder: bool) -> bool:
    below = pattern[-1] == "**"
    pattern = pattern[:-1] if below else pattern
    if len(path) > len(pattern) and not below:
        return False
    if len(path) < len(pattern) and not folder:
        return False
    return all(fnmatchcase(part, each) for part, each in zip(path, pattern, strict=False))


PLACES: tuple[StoredPlace, ...] = (
    StoredPlace(
        name="artifacts",
        base="store",
        paths=("artifacts/*/*",),
        holds="personal values",
        erased="Reasons, words of slices, findings and logs of steps: `comporta store remove DIGEST` deletes "
        "one, and every fact stays whole. Models, tables and predictions stay with their version: erase the "
        "subject from the dataset, run again and release the new version.",
    ),
    StoredPlace(
        name="people",
        base="store",
        paths=("projects/*/people/*", "people/*"),
        holds="personal values",
        erased="`comporta people forget NAME` deletes the name; facts hold only the id.",
    ),
    StoredPlace(
        name="rows",
        base="store",
        paths=("projects/*/data/*/objects/*/*", "data/*/objects/*/*"),
        holds="personal values",
        erased="A redaction writes the fragments of a subject anew without it and deletes the old ones; the "
        "placement hash of the subject finds them.",
    ),
    StoredPlace(
        name="versions of datasets",
        base="store",
        paths=("projects/*/data/*/manifests/*", "data/*/manifests/*"),
        holds="nothing personal",
        erased="Columns, counts, ranges of keyed hashes and coarse times only.",
    ),
    StoredPlace(
        name="logs of datasets",
        base="store",
        paths=("projects/*/data/*/log/*", "data/*/log/*"),
        holds="keyed digests",
        erased="The keyed hash of who was forgotten stays, so that no source brings the rows back.",
    ),
    StoredPlace(
        name="open rows",
        base="store",
        paths=("projects/*/data/*/open/*/*", "data/*/open/*/*"),
        holds="personal values",
        erased="Predictions and labels that are not sealed: rows of a forgotten subject are left out when "
        "they are read and when they are sealed.",
        lifetime="when they are sealed: every five minutes, and when the server ends",
    ),
    StoredPlace(
        name="rejected rows",
        base="store",
        paths=("projects/*/data/*/rejected/*/*", "data/*/rejected/*/*"),
        holds="personal values",
        erased="Answers and labels that could not be sealed lie there as they came: delete the objects, "
        "which `comporta data rejected` lists.",
        lifetime="when they are tried again: `comporta data rejected --retry`",
    ),
    StoredPlace(
        name="counts of lost answers",
        base="store",
        paths=("projects/*/data/*/lost/*", "data/*/lost/*"),
        holds="nothing personal",
        erased="Numbers of answers by model version.",
    ),
    StoredPlace(
        name="objects being written",
        base="store",
        paths=("projects/*/~writing/*", "~writing/*"),
        holds="personal values",
        erased="Linked into place or removed by its writer.",
        lifetime="a minute after its writer died, when the store is next opened",
    ),
    StoredPlace(
        name="events and projections",
        base="ledger",
        paths=("ledger", "ledger-wal", "ledger-shm", "ledger-journal"),
        holds="keyed digests",
        erased="No fact holds a value of the data; what one refers to is an artifact and can be deleted.",
    ),
    StoredPlace(
        name="the turn of writers",
        base="ledger",
        paths=("ledger-turn",),
        holds="nothing personal",
        erased="A lock, empty.",
    ),
    StoredPlace(
        name="the key",
        base="project",
        paths=("comporta.key", ".comporta.*.key"),
        holds="nothing personal",
        erased="Without it no keyed digest can be matched to a person any more, by anybody.",
    ),
    StoredPlace(
        name="the public key",
        base="project",
        paths=("comporta.pub",),
        holds="nothing personal",
        erased="What strangers verify the ledger's heads with.",
    ),
    StoredPlace(
        name="a new project's files",
        base="project",
        paths=("project.py", "sample.py", "comporta.toml", "README.md", ".gitignore"),
        holds="nothing personal",
        erased="Source of the project, as everything that its people write there themselves.",
    ),
    StoredPlace(
        name="counts of a server",
        base="project",
        paths=(".comporta/serving/*",),
        holds="nothing personal",
        erased="Numbers of answers by model version.",
        lifetime="when the server ends, or the next one starts",
    ),
    StoredPlace(
        name="joined tables of a server",
        base="project",
        paths=(".comporta/tables/**",),
        holds="personal values",
        erased="Rows that features join, laid out for the workers of a server. Servers that run write a "
        "table anew without what was erased, within seconds, and delete the files that had it.",
        lifetime="when the last server that answers from it ends; after a kill, when the next one starts, or "
        "with `comporta store gc`",
    ),
    StoredPlace(
        name="source laid out",
        base="project",
        paths=(".comporta/code/**",),
        holds="nothing personal",
        erased="The project's source as it stood when a version was made; it can be made again.",
    ),
    StoredPlace(
        name="commits of the branch",
        base="project",
        paths=(".comporta/code/*/.git/**",),
        holds="nothing personal",
        erased="What `comporta up` checks out of the branch that [code] names, with who wrote its "
        "newest commit, as in the repository.",
        lifetime="the newest five stay, and each for a day",
    ),
    StoredPlace(
        name="what is up",
        base="project",
        paths=(
            ".comporta/up/lock",
            ".comporta/up/state.json*",
            ".comporta/up/code.json*",
            ".comporta/up/look",
            ".comporta/up/webhooks.json*",
        ),
        holds="nothing personal",
        erased="Numbers of processes, times, commits, and digests of webhooks' ids.",
    ),
    StoredPlace(
        name="the log of what is up",
        base="project",
        paths=(".comporta/up/log", ".comporta/up/log.1"),
        holds="personal values",
        erased="Comporta's own lines hold none. What a project's code prints while it answers stands there "
        "too: have it print none, or delete the files.",
        lifetime="two files of 8 MiB: older lines go",
    ),
    StoredPlace(
        name="environments of versions",
        base="project",
        paths=(".comporta/environments/**",),
        holds="nothing personal",
        erased="The libraries that a version was made with, from a package index; `comporta env` builds them "
        "again. uv keeps what it fetched in a cache of its own.",
        lifetime="with `comporta store gc`, once no released version needs it and it was not used for a day",
    ),
    StoredPlace(
        name="work of a run",
        base="project",
        paths=(".comporta/runs/**", ".comporta/compact-*/**"),
        holds="personal values",
        erased="A folder for each run, step and trial server: rows being sorted, logs being written.",
        lifetime="when the run ends; of a run that was killed, when the next one begins",
    ),
    StoredPlace(
        name="attempts of jobs",
        base="project",
        paths=(".comporta/jobs/**",),
        holds="personal values",
        erased="A folder for each attempt: what its process prints, and how it ended.",
        lifetime="when the attempt ends; of a worker that was killed, when the next one begins",
    ),
    StoredPlace(
        name="answers of a batch",
        base="project",
        paths=(".comporta/batches/**",),
        holds="personal values",
        erased="Answers on their way into a dataset, with the keys and subjects of their rows. Once rows of "
        "the input are erased, the next such batch deletes them and begins anew; or delete the folder.",
        lifetime="when the batch ends; of one that was stopped or killed, with the next of the same version "
        "into the same dataset",
    ),
    StoredPlace(
        name="rows being sealed",
        base="temporary",
        paths=("comporta-seal-*/**",),
        holds="personal values",
        erased="Predictions and labels on their way from open rows into a version.",
        lifetime="when the seal ends; after a kill, when the system clears its temporary files",
    ),
    StoredPlace(
        name="a check without a key",
        base="temporary",
        paths=("comporta-check-*/**",),
        holds="personal values",
        erased="The key, ledger and store of a check where the project's key is not: rows that it reads and "
        "what it makes of them.",
        lifetime="when the check ends; after a kill, when the system clears its temporary files",
    ),
    StoredPlace(
        name="a model of CatBoost's, being read",
        base="temporary",
        paths=("comporta-trees-*/**",),
        holds="personal values",
        erased="Its trees as text, which CatBoost writes to a file only.",
        lifetime="when they are read; after a kill, when the system clears its temporary files",
    ),
    StoredPlace(
        name="reports of faults",
        base="temporary",
        paths=("comporta-*.log",),
        holds="personal values",
        erased="A traceback for the person at the terminal, readable by nobody else, who deletes it.",
        lifetime="when the system clears its temporary files",
    ),
    StoredPlace(
        name="whether the folder takes files",
        base="temporary",
        paths=("[a-z0-9_]" * 8,),
        holds="nothing personal",
        erased="A few bytes with which Python tries the folder, deleted at once.",
    ),
    StoredPlace(
        name="what Comporta's own source says",
        base="cache",
        paths=("comporta/sources/*",),
        holds="nothing personal",
        erased="It follows from the text of Comporta alone.",
    ),
    StoredPlace(
        name="a person's own key",
        base="config",
        paths=("comporta/person.key", "comporta/.person.*.key"),
        holds="nothing personal",
        erased="A random number, readable by its owner alone, who deletes it.",
    ),
    StoredPlace(
        name="what a person asks to be written",
        base="chosen",
        paths=("**",),
        holds="personal values",
        erased="Reports, pictures, fetched models, exported rows, answers in files, access logs (ids of "
        "predictions, no values), printed pages and shell completion, where `--out`, `--svg`, `fetch`, "
        "`predict`, `data export`, `--access-log` or `--install-completion` says: who asked for them keeps "
        "them. The ledger has who wrote what (`comporta trace weather@2`); no erasure reaches them.",
        lifetime="of an export or a batch that was killed, its draft or its parts: with the next one to the "
        "same name",
    ),
)


def place_of(base: Base, path: str, *, folder: bool = False) -> StoredPlace | None:
    """The declared place that a path lies in, or None."""
    return next((each for each in PLACES if each.base == base and each.covers(path, folder=folder)), None)
