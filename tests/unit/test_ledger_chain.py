"""The chain and the projections, without a database."""

import json
import random
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.errors import Tampered
from comporta.ledger import MemoryLedger, migrate, verify
from comporta.ledger.chain import header, leaf, link, seal
from comporta.ledger.decoding import Decoding
from comporta.ledger.keyed import keyed_link, keyed_seal
from comporta.ledger.projections import ProjectionSet, after
from comporta.ledger.upcasts import UPCASTS
from comporta.opened.project import PROJECTIONS
from comporta.records import Event, Fact, Projection, Record, facts
from comporta.records.instant import microseconds, moment
from comporta.testing import Clock
from comporta.testing.ledgers import BALANCES, KEY, TEST_FACTS, AccountClosed, AmountDeposited, put

times = st.datetimes(datetime(1, 1, 2), datetime(9998, 12, 30), timezones=st.timezones())
fields = st.fixed_dictionaries(
    {
        "prev": st.text(max_size=5),
        "seq": st.integers(0, 10**6),
        "at": st.integers(-(10**6), 10**18),
        "kind": st.text(max_size=5),
        "schema": st.integers(0, 100),
        "body": st.binary(max_size=8),
    }
)


@given(fields, fields)
def test_different_events_have_different_keyed_hashes(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert (keyed_link(KEY, **one) == keyed_link(KEY, **two)) == (one == two)


@given(fields)
def test_a_keyed_hash_needs_the_key(event: dict[str, Any]) -> None:
    assert keyed_link(KEY, **event) != keyed_link(b"o" * 32, **event)


def test_the_keyed_hash_of_an_event_never_changes_between_releases() -> None:
    found = keyed_link(
        KEY, prev="ab", seq=2, at=1_767_225_600_000_000, kind="test.noted", schema=1, body=b"{}"
    )
    assert found == "960e490e8ad9129db8d9404e2272925172811768cd86d4a6c9f3b96de16a93dc"


leaves = st.tuples(st.binary(max_size=4), st.binary(max_size=4), st.binary(max_size=4))


@given(leaves, leaves)
def test_different_events_have_different_leaves(
    one: tuple[bytes, bytes, bytes], two: tuple[bytes, bytes, bytes]
) -> None:
    assert (leaf(*one) == leaf(*two)) == (one == two)


def test_the_bytes_behind_leaf_and_link_never_change_between_releases() -> None:
    its_header = header(project="shop", seq=2, at=1_767_225_600_000_000, kind="test.noted", schema=1)
    assert its_header == (b'{"project":"shop","seq":2,"at":1767225600000000,"kind":"test.noted","schema":1}')
    # Spelled out, as the reference page tells a stranger to compute them.
    salt = b"s" * 32
    whole = b"16:comporta event 2" + b"32:" + salt + b"79:" + its_header + b"2:{}"
    assert leaf(salt, its_header, b"{}") == sha256(whole).hexdigest()
    assert link("ab", "cd") == sha256(b"15:comporta link 2" + b"2:ab" + b"2:cd").hexdigest()


@given(times)
def test_times_are_kept_to_the_microsecond(at: datetime) -> None:
    assert moment(microseconds(at)) == at.astimezone(UTC)
    assert moment(microseconds(at)).tzinfo is UTC


@given(st.text(max_size=4), st.text(max_size=6))
def test_what_comes_after_a_prefix_bounds_it_exactly(prefix: str, text: str) -> None:
    high = after(prefix)
    assert text.startswith(prefix) == (text >= prefix and (high is None or text < high))


Acts = list[list[tuple[str, str, int]]]
acts: st.SearchStrategy[Acts] = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["deposit", "close"]), st.sampled_from("abc"), st.integers(-9, 9)),
        max_size=4,
    ),
    max_size=6,
)


def played(turns: Acts) -> MemoryLedger:
    ledger = MemoryLedger([BALANCES], key=KEY, clock=Clock(), facts=TEST_FACTS)
    for turn in turns:
        put(
            ledger,
            *(
                AmountDeposited(account=account, amount=amount)
                if act == "deposit"
                else AccountClosed(account=account)
                for act, account, amount in turn
            ),
        )
    return ledger


@settings(deadline=None)  # the first signature loads the library
@given(acts)
def test_whatever_was_appended_projections_say_what_the_events_say(turns: Acts) -> None:
    ledger = played(turns)
    oracle: dict[str, list[int]] = {}
    for act, account, amount in [each for turn in turns for each in turn]:
        if act == "deposit":
            oracle.setdefault(account, []).append(amount)
        else:
            oracle.pop(account, None)
    found = {key: (state.amount, state.entries) for key, state in ledger.scan(BALANCES)}
    assert found == {account: (sum(amounts), len(amounts)) for account, amounts in oracle.items()}
    assert verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS).sound


@settings(max_examples=200, deadline=None)
@given(acts.filter(lambda turns: sum(map(len, turns)) >= 2), st.randoms(use_true_random=False), st.data())
def test_any_change_removal_reordering_or_truncation_is_found(
    turns: Acts, chance: random.Random, data: st.DataObject
) -> None:
    ledger = played(turns)
    head, events = ledger.head(), list(ledger.events())
    index = chance.randrange(len(events))
    other = chance.randrange(len(events) - 1)
    other += other >= index
    how = data.draw(st.sampled_from(["change", "remove", "swap", "cut", "forge"]))
    event = events[index]
    if how == "change":
        changes: list[dict[str, Any]] = [
            {"at": event.at + timedelta(microseconds=1)},
            {"kind": event.kind + "x"},
            {"schema": event.schema + 1},
            {"body": (event.body or b"") + b" "},
            {"salt": b"t" * 32},
            {"leaf": event.hash},
            {"prev": event.hash},
            {"hash": event.prev},
            {"seq": event.seq + 1000},
        ]
        events[index] = msgspec.structs.replace(event, **chance.choice(changes))
    elif how == "remove":
        del events[index]
    elif how == "swap":
        mine, theirs = event.seq, events[other].seq
        events[index] = msgspec.structs.replace(events[other], seq=mine)
        events[other] = msgspec.structs.replace(event, seq=theirs)
    elif how == "cut":
        del events[index:]
    else:
        events.append(msgspec.structs.replace(event, seq=len(events) + 1))
    tampered: Sequence[Event] = sorted(events, key=lambda each: each.seq)
    ledger._rows.events[:] = tampered
    assert not verify(ledger, [BALANCES], KEY, head, facts=TEST_FACTS).sound


def test_a_projection_sees_the_state_before_it() -> None:
    def twice(fact: AmountDeposited, event: Event, lookup: Any) -> Any:
        yield "a", (lookup("a") or 0) + 1
        yield "b", (lookup("a") or 0) * 10

    projection: Projection[int] = Projection("twice", int, {AmountDeposited: twice})
    ledger = MemoryLedger([projection], key=KEY, clock=Clock(), facts=TEST_FACTS)
    put(ledger, AmountDeposited(account="x", amount=1))
    put(ledger, AmountDeposited(account="x", amount=1))
    assert dict(ledger.scan(projection)) == {"a": 2, "b": 10}


def test_a_body_that_is_no_fact_is_said_to_be_tampered_with_by_an_audit() -> None:
    ledger = played([[("deposit", "a", 1)]])
    (event,) = ledger._rows.events
    ledger._rows.events[:] = [msgspec.structs.replace(event, body=b'{"account":7}')]
    audit = verify(ledger, [BALANCES], KEY, facts=TEST_FACTS)
    assert {"changed", "unreadable", "reading"} == {fault.what for fault in audit.faults}


def test_a_projection_that_fails_on_an_impossible_history_is_a_fault_of_that_history() -> None:
    def picky(fact: AccountClosed, event: Event, lookup: Any) -> Any:
        return [(fact.account, {"open": True}[fact.account])]

    ledger = played([[("close", "a", 1)]])
    projection: Projection[bool] = Projection("picky", bool, {AccountClosed: picky})
    (fault,) = verify(ledger, [projection], KEY, facts=TEST_FACTS).faults
    assert (fault.what, fault.seq) == ("unreadable", 1)


def test_a_record_that_gained_a_field_has_another_mark() -> None:
    class Inner(Record, frozen=True):
        one: int

    class Outer(Record, frozen=True):
        inner: dict[str, tuple[Inner, ...]]

    def mark(state: Any) -> str:
        return ProjectionSet([Projection("r", state, {})], (), {}).marks["r"]

    was = mark(Outer)
    Inner = type("Inner", (Record,), {"__annotations__": {"one": int, "two": int}}, frozen=True)  # type: ignore[misc]
    Outer = type(  # type: ignore[misc]
        "Outer", (Record,), {"__annotations__": {"inner": dict[str, tuple[Inner, ...]]}}, frozen=True
    )
    assert mark(Outer) != was
    assert mark(int) != mark(str)


def test_the_newest_migration_is_the_one_that_opening_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.LATEST]


# One event of every kind and schema version ever released, chained under the key `k` * 32.
GOLDEN = Path(__file__).parents[1] / "golden" / "ledger_events.jsonl"


def golden() -> list[Event]:
    lines = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    return [
        Event(**(line | {"at": datetime.fromisoformat(line["at"]), "body": line["body"].encode()}))
        for line in lines
    ]


def test_the_golden_file_holds_every_kind_in_every_version() -> None:
    held = {(event.kind, event.schema) for event in golden()}
    assert held == {(fact.kind, schema) for fact in facts.FACTS for schema in range(1, fact.schema + 1)}


def test_golden_events_are_read_as_facts_of_today() -> None:
    decoding = Decoding(facts.FACTS, UPCASTS)
    for event in golden():
        fact = decoding.fact(event)
        assert fact is not None
        assert (fact.kind, type(fact).schema) == (event.kind, decoding.facts[event.kind].schema)


class Counted(Record, frozen=True):
    kinds: dict[str, int]


def test_golden_events_still_chain_and_apply() -> None:
    def count(fact: Fact, event: Event, lookup: Any) -> Any:
        was = lookup("all") or Counted({})
        return [("all", Counted(was.kinds | {event.kind: was.kinds.get(event.kind, 0) + 1}))]

    everything: Projection[Counted] = Projection("everything", Counted, dict.fromkeys(facts.FACTS, count))
    ledger = MemoryLedger([everything], key=KEY, clock=Clock())
    ledger._rows.events[:] = golden()
    ledger.rebuild(everything)
    counted = ledger.get(everything, "all")
    assert counted is not None
    assert sum(counted.kinds.values()) == len(golden())
    assert verify(ledger, [everything], KEY, ledger.head()).sound


def test_golden_events_still_give_every_projection_of_a_project() -> None:
    ledger = MemoryLedger(PROJECTIONS, key=KEY, clock=Clock())
    ledger._rows.events[:] = golden()
    for projection in PROJECTIONS:
        ledger.rebuild(projection)
        assert ledger.scan(projection), projection.name
    assert verify(ledger, PROJECTIONS, KEY, ledger.head()).sound


class Versioned(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "test.versioned"
    schema: ClassVar[int] = 3
    name: str


@pytest.mark.parametrize(("schema", "body"), [(1, b'{"n":"x"}'), (2, b'{"title":"x"}'), (3, b'{"name":"x"}')])
def test_each_old_version_is_brought_up_one_step_at_a_time(schema: int, body: bytes) -> None:
    upcasts = {
        ("test.versioned", 1): lambda body: {"title": body["n"]},
        ("test.versioned", 2): lambda body: {"name": body["title"]},
    }
    event = Event(
        seq=1, at=datetime.now(UTC), kind="test.versioned", schema=schema, body=body, prev="", hash=""
    )
    assert Decoding([Versioned], upcasts).fact(event) == Versioned(name="x")


def test_nothing_is_signed_on_top_of_what_this_key_did_not_sign() -> None:
    ledger = played([[("deposit", "a", 1)], [("deposit", "a", 2)]])
    last = ledger._rows.events[-1]
    ledger._rows.events.append(
        seal(project="default", prev=last.hash, seq=3, at=last.at, kind="x", schema=1, body=b"{}")
    )
    with pytest.raises(Tampered, match="audit verify"):
        put(ledger, AccountClosed(account="a"))
    ledger._rows.events.pop()
    put(ledger, AccountClosed(account="a"))
    assert verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS).sound


def test_a_keyed_chain_goes_on_only_from_an_end_that_the_key_made() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    sealed = keyed_seal(KEY, prev="", seq=1, at=at, kind="test.noted", schema=1, body=b'{"text":"x"}')
    for event, goes_on in ((sealed, True), (msgspec.structs.replace(sealed, body=b'{"text":"y"}'), False)):
        ledger = MemoryLedger([BALANCES], key=KEY, clock=Clock(), facts=TEST_FACTS)
        ledger._rows.events.append(event)
        with nullcontext() if goes_on else pytest.raises(Tampered, match="audit verify"):
            put(ledger, AccountClosed(account="a"))
        assert len(ledger._rows.events) == (3 if goes_on else 1)


def test_names_of_an_older_release_still_mean_the_same() -> None:
    from comporta import ledger, records

    assert records.Reading is records.Projection
    assert ledger.Fault is ledger.LedgerFault
