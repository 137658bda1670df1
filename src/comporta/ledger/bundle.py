"""A project's chain in one file, for strangers: JSON lines, verified with the public key alone.

The first line names the project, its public key and what the chain begins after; then come the events, each
with header, salt and body, or with its leaf alone where it is withheld or was removed; and each signed head
after the event that it signs. `docs/verify_bundle.py` verifies such a file with nothing of Comporta.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

from comporta.errors import BadProject, Refused, Tampered
from comporta.ledger.chain import header, leaf, link
from comporta.ledger.protocol import Ledger, Row
from comporta.ledger.signing import is_signed
from comporta.ledger.stored import plain
from comporta.records.event import Head
from comporta.records.message import Message, code
from comporta.records.record import Record

FORMAT = 1

LINE = code("bundle.line", "line {line} is no line of a bundle.", line=int)
SEQ = code("bundle.seq", "event {expected} is missing: line {line} holds another.", expected=int, line=int)
ELSEWHERE = code("bundle.header", "event {seq}: its header is of another event or project.", seq=int)
BACKWARDS = code("bundle.time", "event {seq} is older than the one before it.", seq=int)
HEAD = code("bundle.head", "the head signed at event {seq} is not that event's link.", seq=int)
SIGNATURE = code("bundle.signature", "the head at event {seq} is not signed with this key.", seq=int)
UNSIGNED = code("bundle.unsigned", "event {seq}, the last one, is under no signed head.", seq=int)
OTHER = code("bundle.other_head", "event {seq} is not the one whose hash was kept elsewhere.", seq=int)
SHORT = code(
    "bundle.cut", "the file ends at event {seq}, but event {expected} was there.", seq=int, expected=int
)


class Written(Record, frozen=True, kw_only=True):
    """What `export` wrote. withheld: those of the events that show their leaf alone. keyed: how many events
    before them are left out, as only the project's key verifies them."""

    events: int = 0
    withheld: int = 0
    heads: int = 0
    keyed: int = 0


class BundleAudit(Record, frozen=True, kw_only=True):
    """What `check` found. public: the key that it was verified with; own: it is the file's own word for it.

    fault: the first thing that is wrong, or None."""

    project: str
    public: str
    own: bool
    events: int
    withheld: int
    head: Head
    fault: Message | None


def export(ledger: Ledger, public: str, withhold: Collection[int], write: Callable[[str], object]) -> Written:
    """Writes the chain, line by line, through `write(text)`. withhold: events whose body is not shown.

    Raises Refused where there is nothing yet that strangers can verify, BadProject on an event to withhold
    that is not there, Tampered on a stored row that is no event.
    """
    left, count, hidden, heads, begun = set(withhold), 0, 0, 0, False
    with ledger.snapshot() as snapshot:
        signed = list(snapshot.heads())
        at = 0
        before = Head(seq=0, hash="")
        for row in snapshot.rows():
            seq, its_leaf, hash_ = row[0], row[6], row[8]
            if its_leaf is None:
                before = Head(seq=seq, hash=hash_)
                continue
            if not begun:
                write(_first(ledger.project, public, before))
                begun = True
            line, shown = _event(ledger.project, row, seq in left)
            write(line)
            left.discard(seq)
            count, hidden = count + 1, hidden + (not shown)
            while at < len(signed) and signed[at][0] <= seq:
                write(_head(*signed[at]))
                at, heads = at + 1, heads + 1
    if not begun:
        raise Refused(
            "audit export: found no event yet that can be verified without the project's key. The next one "
            "that is appended begins such a chain; `comporta run` appends some."
        )
    if left:
        raise BadProject(f"--withhold: found no event {min(left)} in what is exported. Correct the number.")
    return Written(events=count, withheld=hidden, heads=heads, keyed=before.seq)


def _first(project: str, public: str, before: Head) -> str:
    told = {"bundle": "comporta chain", "format": FORMAT, "project": project, "key": public}
    return json.dumps(told | {"after": before.seq, "prev": before.hash})


def _event(project: str, row: Row, withheld: bool) -> tuple[str, bool]:
    """The line, and whether it shows the body."""
    seq, at, kind, schema, salt, body, its_leaf, _, _ = map(plain, row)
    if withheld or salt is None or body is None:
        return json.dumps({"seq": seq, "leaf": its_leaf}), False
    try:
        its_header = header(project=project, seq=seq, at=at, kind=kind, schema=schema)
        shown = {"seq": seq, "header": its_header.decode(), "salt": salt.hex(), "body": body.decode()}
        return json.dumps(shown), True
    except (AttributeError, TypeError, UnicodeDecodeError) as error:
        raise Tampered(f"event {seq}: its row is no event. `comporta audit verify` tells more.") from error


def _head(seq: Any, link: Any, signature: Any, key: Any) -> str:
    return json.dumps({"head": seq, "link": link, "signature": bytes(signature).hex()})


def check(lines: Iterable[str], public: str = "", head: Head | None = None) -> BundleAudit:
    """What is wrong with a bundle, if anything. public: the project's key; empty: the file's own word for it.

    head: as kept elsewhere; only with it can an end that was cut off be told. Raises BadProject on a file
    that is no bundle.
    """
    each = iter(lines)
    first = _decoded(next(each, ""))
    if not first or first.get("bundle") != "comporta chain" or first.get("format") != FORMAT:
        raise BadProject(f"found no bundle of format {FORMAT}, expected a file of `comporta audit export`.")
    chain = _Chain(first, public or str(first.get("key")))
    fault = chain.follow(each, head) or chain.end(head)
    return BundleAudit(
        project=chain.project,
        public=chain.public,
        own=not public,
        events=chain.events,
        withheld=chain.withheld,
        head=Head(seq=chain.seq, hash=chain.link),
        fault=fault,
    )


def _decoded(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class _Chain:
    def __init__(self, first: dict[str, Any], public: str) -> None:
        self.project, self.public = str(first.get("project")), public
        self.seq, self.link = int(first.get("after", 0)), str(first.get("prev", ""))
        self.events = self.withheld = self._at = self._signed = 0

    def follow(self, lines: Iterable[str], head: Head | None) -> Message | None:
        for number, line in enumerate(lines, 2):
            told = _decoded(line)
            try:
                fault = LINE(line=number) if told is None else self._one(told, number)
            except (KeyError, ValueError, TypeError, AttributeError):
                fault = LINE(line=number)
            if fault is not None:
                return fault
            if head is not None and self.seq == head.seq and self.link != head.hash:
                return OTHER(seq=self.seq)
        return None

    def end(self, head: Head | None) -> Message | None:
        if self._signed != self.seq:
            return UNSIGNED(seq=self.seq)
        if head is not None and self.seq < head.seq:
            return SHORT(seq=self.seq, expected=head.seq)
        return None

    def _one(self, told: dict[str, Any], number: int) -> Message | None:
        if "head" in told:
            return self._head(told)
        self.seq += 1
        self.events += 1
        if told["seq"] != self.seq:
            return SEQ(expected=self.seq, line=number)
        if "body" in told:
            its_header = json.loads(told["header"])
            if (its_header["project"], its_header["seq"]) != (self.project, self.seq):
                return ELSEWHERE(seq=self.seq)
            if its_header["at"] < self._at:
                return BACKWARDS(seq=self.seq)
            self._at = its_header["at"]
            its_leaf = leaf(bytes.fromhex(told["salt"]), told["header"].encode(), told["body"].encode())
        else:
            self.withheld += 1
            its_leaf = told["leaf"]
        self.link = link(self.link, its_leaf)
        return None

    def _head(self, told: dict[str, Any]) -> Message | None:
        if (told["head"], told["link"]) != (self.seq, self.link):
            return HEAD(seq=int(told["head"]))
        head = Head(seq=self.seq, hash=self.link)
        if not is_signed(self.public, bytes.fromhex(told["signature"]), self.project, head):
            return SIGNATURE(seq=self.seq)
        self._signed = self.seq
        return None
