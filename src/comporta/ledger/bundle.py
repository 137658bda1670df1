"""A project's chain in one file, for strangers: JSON lines, verified with the public key alone.

The first line names the project, its public key and what the chain begins after; then come the events, each
with header, salt and body, or with its leaf alone where it is withheld or was removed; and each signed head
after the event that it signs. `docs/verify_bundle.py` verifies such a file with nothing of Comporta.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from comporta.errors import BadProject, Refused, Tampered
from comporta.ledger.chain import SALT_BYTES, header, leaf, link
from comporta.ledger.protocol import EventRow, HeadRow, Ledger
from comporta.ledger.signing import is_signed
from comporta.ledger.stored import is_event
from comporta.records.event import Head
from comporta.records.facts import ChainContinued
from comporta.records.message import Message, code
from comporta.records.record import Record

FORMAT = 1
SIGNATURE_BYTES = 64
FIRST = ["bundle", "format", "project", "key", "after", "prev"]
EVENT, LEAF, HEAD_LINE = ["seq", "header", "salt", "body"], ["seq", "leaf"], ["head", "link", "signature"]
"""The names in each kind of line, in order."""

LINE = code("bundle.line", "line {line} is no line of a bundle.", line=int)
SEQ = code("bundle.seq", "event {expected} is missing: line {line} holds another.", expected=int, line=int)
ELSEWHERE = code("bundle.header", "event {seq}: its header is of another event or project.", seq=int)
BACKWARDS = code("bundle.time", "event {seq} is older than the one before it.", seq=int)
HEAD = code("bundle.head", "the head signed at event {seq} is not that event's link.", seq=int)
SIGNATURE = code("bundle.signature", "the head at event {seq} is not signed with this key.", seq=int)
UNSIGNED = code("bundle.unsigned", "event {seq}, the last one, is under no signed head.", seq=int)
OTHER = code("bundle.other_head", "event {seq} is not the one whose hash was kept elsewhere.", seq=int)
BEGINNING = code(
    "bundle.beginning",
    "event {seq} is not the chain.continued, shown, that stands for the events before it: the beginning was "
    "cut off.",
    seq=int,
)
OTHER_KEY = code(
    "bundle.other_key",
    "the file names the key {found}, expected {expected}: it is of another project, or its first line was "
    "changed.",
    found=str,
    expected=str,
)
EMPTY = code("bundle.empty", "it holds no event under a signed head.")
SHORT = code(
    "bundle.cut", "the file ends at event {seq}, but event {expected} was there.", seq=int, expected=int
)


class ExportSummary(Record, frozen=True, kw_only=True):
    """What `export` wrote. withheld: how many events show only their leaf. keyed: how many earlier events are
    left out, because only the project's key can verify them."""

    events: int = 0
    withheld: int = 0
    heads: int = 0
    keyed: int = 0


class BundleAudit(Record, frozen=True, kw_only=True):
    """The result of `check`. public: the key that it was verified with; own: whether the file names it.

    fault: the first fault, or None."""

    project: str
    public: str
    own: bool
    events: int
    withheld: int
    head: Head
    fault: Message | None


def export(
    ledger: Ledger, public: str, withhold: Collection[int], write: Callable[[str], object]
) -> ExportSummary:
    """Writes the chain, line by line, through `write(text)`. withhold: events whose body is left out.

    Raises Refused where there is nothing yet that strangers can verify, BadProject on an event to withhold
    that is not there or must be shown, Tampered where what is stored would not verify.
    """
    left, hidden, heads, chain = set(withhold), 0, 0, None
    with ledger.snapshot() as snapshot:
        signed = list(snapshot.heads())
        before = Head(seq=0, hash="")
        for row in snapshot.rows():
            seq = row.seq
            if row.leaf is None and chain is None:
                before = Head(seq=seq, hash=row.hash)
                continue
            if chain is None:
                if before.seq and seq in left:
                    raise BadProject(
                        f"--withhold: event {seq} says what the chain begins with, so it must be shown."
                    )
                first = _first(ledger.project, public, before)
                write(json.dumps(first))
                chain = _Chain(first, public)
            line = _event(ledger.project, row, seq in left)
            _write_line(line, chain, write)
            left.discard(seq)
            hidden += list(line) == LEAF
            while heads < len(signed) and type(signed[heads].seq) is int and signed[heads].seq <= seq:
                if signed[heads].key != public:
                    raise _tampered_error(seq)
                _write_line(_head(signed[heads]), chain, write)
                heads += 1
    if chain is None:
        raise Refused(
            "audit export: found no event yet that can be verified without the project's key. The next one "
            "that is appended begins such a chain; `comporta run` appends some."
        )
    if left:
        raise BadProject(f"--withhold: found no event {min(left)} in what is exported. Correct the number.")
    if heads < len(signed) or chain.end(None) is not None:
        raise _tampered_error(chain.seq)
    return ExportSummary(events=chain.events, withheld=hidden, heads=heads, keyed=before.seq)


def _write_line(fields: dict[str, Any], chain: _Chain, write: Callable[[str], object]) -> None:
    line = json.dumps(fields)
    if chain.one(line + "\n", 0) is not None:
        raise _tampered_error(chain.seq)
    write(line)


def _tampered_error(seq: int) -> Tampered:
    return Tampered(
        f"audit export: event {seq} or a head signed there is not what was written, so the file would not "
        "verify. `comporta audit verify` names what is wrong."
    )


def _first(project: str, public: str, before: Head) -> dict[str, Any]:
    values = ("comporta chain", FORMAT, project, public, before.seq, before.hash)
    return dict(zip(FIRST, values, strict=True))


def _event(project: str, row: EventRow, withheld: bool) -> dict[str, Any]:
    try:
        if not is_event(row):
            raise TypeError
        if withheld or row.salt is None or row.body is None:
            return {"seq": row.seq, "leaf": row.leaf}
        its_header = header(project=project, seq=row.seq, at=row.at, kind=row.kind, schema=row.schema)
        return {
            "seq": row.seq,
            "header": its_header.decode(),
            "salt": row.salt.hex(),
            "body": row.body.decode(),
        }
    except (TypeError, UnicodeDecodeError) as error:
        raise Tampered(
            f"event {row.seq!r}: its row is no event. `comporta audit verify` tells more."
        ) from error


def _head(row: HeadRow) -> dict[str, Any]:
    if type(row.link) is not str or type(row.signature) is not bytes:
        raise _tampered_error(row.seq)
    return {"head": row.seq, "link": row.link, "signature": row.signature.hex()}


def check(lines: Iterable[str], public: str = "", head: Head | None = None) -> BundleAudit:
    """Verifies a bundle. public: the project's key; empty: the key that the file names.

    lines: of the file, each with the line end that it has there. head: of an earlier audit; without it an end
    that was cut off cannot be detected. Raises BadProject on a file that is no bundle.
    """
    each = iter(lines)
    first = _decode(next(each, ""))
    if first is None or not _begins(first):
        raise BadProject(f"found no bundle of format {FORMAT}, expected a file of `comporta audit export`.")
    chain = _Chain(first, public or first["key"], head)
    if public and first["key"] != public:
        fault: Message | None = OTHER_KEY(found=first["key"], expected=public)
    else:
        fault = chain.follow(each) or chain.end(head)
    return BundleAudit(
        project=chain.project,
        public=chain.public,
        own=not public,
        events=chain.events,
        withheld=chain.withheld,
        head=Head(seq=chain.seq, hash=chain.link),
        fault=fault,
    )


def _begins(first: dict[str, Any]) -> bool:
    """Whether it is the first line of a bundle."""
    if list(first) != FIRST or (first["bundle"], first["format"]) != ("comporta chain", FORMAT):
        return False
    if type(first["format"]) is not int or not _is_hex(first["key"], 32):
        return False
    if not all(type(first[name]) is str for name in ("project", "prev")):
        return False
    after = first["after"]
    return type(after) is int and after >= 0 and (after > 0) == (first["prev"] != "")


def _is_hex(text: Any, size: int) -> bool:
    """Whether it is so many bytes as `bytes.hex` writes them; `fromhex` takes spaces and capitals too."""
    return type(text) is str and re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text) is not None


def _decode(line: str) -> dict[str, Any] | None:
    """None for a line that is cut, or not as `json.dumps` writes it: with a name twice, or other spaces, it
    might show another reader something else than what was verified."""
    try:
        found = json.loads(line)
        return found if isinstance(found, dict) and json.dumps(found) + "\n" == line else None
    except (ValueError, RecursionError):
        return None


class _Chain:
    """Follows a bundle's lines after the first one."""

    def __init__(self, first: dict[str, Any], public: str, head: Head | None = None) -> None:
        self.project, self.public = first["project"], public
        self._begin = Head(seq=first["after"], hash=first["prev"])
        self.seq, self.link = self._begin.seq, self._begin.hash
        self.events = self.withheld = self._at = 0
        self._signed: int | None = None
        self._other = head

    def follow(self, lines: Iterable[str]) -> Message | None:
        for number, line in enumerate(lines, 2):
            fault = self.one(line, number)
            if fault is not None:
                return fault
        return None

    def one(self, line: str, number: int) -> Message | None:
        """What is wrong with the next line. number: its own."""
        fields = _decode(line)
        try:
            if fields is None:
                return LINE(line=number)
            fault = self._head(fields, number) if list(fields) == HEAD_LINE else self._event(fields, number)
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
            return LINE(line=number)
        if self._other is not None and self.seq == self._other.seq and self.link == self._other.hash:
            self._other = None
        return fault

    def end(self, head: Head | None) -> Message | None:
        if self.events == 0:
            return EMPTY()
        if self._signed != self.seq:
            return UNSIGNED(seq=self.seq)
        if head is not None and self.seq < head.seq:
            return SHORT(seq=self.seq, expected=head.seq)
        if self._other is not None:
            return OTHER(seq=self._other.seq)
        return None

    def _event(self, fields: dict[str, Any], number: int) -> Message | None:
        if list(fields) not in (EVENT, LEAF):
            return LINE(line=number)
        self.seq += 1
        self.events += 1
        if type(fields["seq"]) is not int or fields["seq"] != self.seq:
            return SEQ(expected=self.seq, line=number)
        begins = self.events == 1 and self._begin.seq > 0
        if "leaf" in fields:
            self.withheld += 1
            its_leaf = fields["leaf"]
            if begins:
                return BEGINNING(seq=self.seq)
        else:
            its_header = json.loads(fields["header"])
            if not _is_hex(fields["salt"], SALT_BYTES):
                return LINE(line=number)
            if (its_header["project"], its_header["seq"]) != (self.project, self.seq):
                return ELSEWHERE(seq=self.seq)
            if its_header["at"] < self._at:
                return BACKWARDS(seq=self.seq)
            if begins and not _continues(its_header["kind"], fields["body"], self._begin):
                return BEGINNING(seq=self.seq)
            self._at = its_header["at"]
            its_leaf = leaf(
                bytes.fromhex(fields["salt"]),
                fields["header"].encode(),
                fields["body"].encode(),
            )
        self.link = link(self.link, its_leaf)
        return None

    def _head(self, fields: dict[str, Any], number: int) -> Message | None:
        if type(fields["head"]) is not int or not _is_hex(fields["signature"], SIGNATURE_BYTES):
            return LINE(line=number)
        if (fields["head"], fields["link"]) != (self.seq, self.link):
            return HEAD(seq=fields["head"])
        head = Head(seq=self.seq, hash=self.link)
        if not is_signed(self.public, bytes.fromhex(fields["signature"]), self.project, head):
            return SIGNATURE(seq=self.seq)
        self._signed = self.seq
        return None


def _continues(kind: Any, body: str, keyed: Head) -> bool:
    return bool(
        kind == ChainContinued.kind and json.loads(body)["keyed"] == {"seq": keyed.seq, "hash": keyed.hash}
    )
