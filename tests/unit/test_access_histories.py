"""Separation of duties over random histories of people, gates, approvals and revocations: no history leads to
a release that its policy forbids.

Every act goes through the same functions as in a project: `facts_of`, `may`, the registry's decisions. What
the policy allows is told a second time, by an oracle that reads only a list of what happened.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.access import (
    DENIALS,
    GRANTS,
    PROJECTIONS,
    ROLES,
    deny,
    facts_of,
    grant,
    granting_state,
    may,
    request,
    require_granting,
    revoke,
    uncounted_approvers,
)
from comporta.access.facts import AccessFacts
from comporta.errors import Refused
from comporta.ledger import Ledger, open_ledger
from comporta.records import Approval, Artifact, Transaction, Version
from comporta.records.access import Action, Actor, Role, Scope
from comporta.records.facts import PersonForgotten, VersionJudged, VersionRegistered
from comporta.registry import (
    FORGOTTEN,
    VERSIONS,
    approve,
    forgotten_approvers,
    require_releasable,
    version_key,
)
from comporta.release import ROUTES, release

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PEOPLE = [f"person-{each:016x}" for each in range(4)]
SERVICE = f"service-{9:016x}"
EVERYBODY = [*PEOPLE, SERVICE]
TEAM: list[Role] = ["scientist", "engineer", "validator", "approver", "owner", "admin"]
GATES, MODELS = ("loose", "strict"), ("bytes1", "bytes2")
LATE = Scope(model="late")


class Happening(NamedTuple):
    """what was done by whom. on: a version's number. more: the model's bytes, gates, a role, an action."""

    what: str
    by: str
    on: int = 0
    more: tuple[str, ...] = ()


class History:
    """A ledger of one model whose versions need `needed` approvals, and the list of what happened."""

    def __init__(self, needed: int) -> None:
        self.needed, self.happened = needed, list[Happening]()
        # Who is forgotten comes back under another id.
        self.ids = {each: each for each in EVERYBODY}
        self.since = dict.fromkeys(EVERYBODY, 0)
        self.forgotten: dict[str, int] = {}
        self.ledger: Ledger = open_ledger(
            "memory://",
            [*PROJECTIONS, VERSIONS, ROUTES, FORGOTTEN],
            key=b"k" * 32,
            clock=lambda: NOW,
            root=Path.cwd(),
        )

    def versions(self) -> list[Version]:
        return [each for _, each in self.ledger.scan(VERSIONS, "late/")]

    def version(self, number: int) -> Version | None:
        return self.ledger.get(VERSIONS, version_key("late", number))

    def facts(self, version: Version | None = None) -> AccessFacts:
        twins = [each for each in self.versions() if version and each.parts == version.parts]
        gone = lambda id: self.ledger.get(FORGOTTEN, id) is not None  # noqa: E731
        return facts_of(self.ledger, (), frozenset(), NOW, version, twins, gone, self.known)

    def known(self, forgotten: frozenset[str]) -> frozenset[str]:
        before = min(self.forgotten[each] for each in forgotten)
        return frozenset(id for id, since in self.since.items() if since < before)

    def do(self, happening: Happening) -> bool:
        """Whether it was allowed; then it is in the ledger, and in the list."""
        try:
            getattr(self, f"_{happening.what}")(self._by_id(happening))
        except Refused:
            return False
        self.happened.append(happening)
        return True

    def _by_id(self, told: Happening) -> Happening:
        """As the ledger holds it: ids for people."""
        more = tuple(self.ids.get(each, each) for each in told.more)
        return told._replace(by=self.ids.get(told.by, told.by), more=more)

    def _require(self, by: str, action: Action, version: Version | None = None) -> AccessFacts:
        facts = self.facts(version)
        actor = Actor(id=by, name=by, proof="key")
        if not may(actor, action, LATE if version else Scope(), facts).allowed:
            raise Refused("no")
        return facts

    def _append(self, *facts: object) -> None:
        def commit(tx: Transaction) -> None:
            before = granting_state(tx)
            for each in facts:
                tx.append(each)  # type: ignore[arg-type]
            require_granting(before, granting_state(tx))

        self.ledger.transact(commit)

    def _grant(self, now: Happening) -> None:
        if self.ledger.scan(GRANTS, limit=1):
            self._require(now.by, "role.grant")
        person, role = now.more
        grants = [each for _, each in self.ledger.scan(GRANTS)]
        self._append(grant(person, role, by=now.by, now=NOW, grants=grants))  # type: ignore[arg-type]

    def _revoke(self, now: Happening) -> None:
        self._require(now.by, "role.grant")
        person, role = now.more
        grants = [each for _, each in self.ledger.scan(GRANTS)]
        self._append(revoke(person, role, by=now.by, grants=grants))  # type: ignore[arg-type]

    def _deny(self, now: Happening) -> None:
        self._require(now.by, "role.grant")
        grants = [each for _, each in self.ledger.scan(GRANTS)]
        denials = [each for _, each in self.ledger.scan(DENIALS)]
        person, lift = now.more
        denied = deny(
            person, "release.approve", by=now.by, grants=grants, denials=denials, lift=lift == "lift"
        )
        self._append(denied)

    def _train(self, now: Happening) -> None:
        self._require(now.by, "train.run")
        model, gates = now.more
        version = Version(
            model="late",
            number=len(self.versions()) + 1,
            run="r",
            at=NOW,
            steps={},
            parts={"model": Artifact(digest=model, size=1, kind="model")},
            read=(),
            policy=gates,
            needed=self.needed,
            trained_by=(now.by,),
        )
        judged = VersionJudged(model="late", number=version.number, verdicts=(), policy=gates, by=now.by)
        self._append(VersionRegistered(version=version, by=now.by), judged)

    def _known(self, number: int) -> Version:
        version = self.version(number)
        if version is None:
            raise Refused("no")
        return version

    def _judge(self, now: Happening) -> None:
        version = self._known(now.on)
        self._require(now.by, "version.judge", version)
        self._append(VersionJudged(model="late", number=now.on, verdicts=(), policy=now.more[0], by=now.by))

    def _request(self, now: Happening) -> None:
        version = self._known(now.on)
        facts = self._require(now.by, "release.request", version)
        self._append(request(version, by=now.by, reason="", known=facts.duties.requested))

    def _approve(self, now: Happening) -> None:
        version = self._known(now.on)
        self._require(now.by, "release.approve", version)
        self._append(approve(version, Approval(by=now.by, role="approver", reason="", at=NOW), now.by[-1]))

    def _release(self, now: Happening) -> None:
        version = self._known(now.on)
        facts = self._require(now.by, "release.execute", version)
        uncounted = uncounted_approvers(version, facts, lambda id: "", releasing=now.by)
        require_releasable(version, NOW, (), uncounted | forgotten_approvers(self.ledger, version))
        route = self.ledger.get(ROUTES, "late")
        self._append(release(route, "late", now.on, by=now.by, reason="", at=NOW))

    def _forget(self, now: Happening) -> None:
        (old,) = now.more
        self._append(PersonForgotten(person=old))
        human = next(each for each, id in self.ids.items() if id == old)
        self.forgotten[old] = place = len(self.happened) + 1
        self.ids[human] = f"{old.partition('-')[0]}-{100 + place:016x}"
        self.since[self.ids[human]] = place


class Oracle:
    """The policy, told from the list alone."""

    def __init__(self, happened: list[Happening]) -> None:
        self.happened = happened

    def came(self, person: str, before: int) -> int:
        """The place since which they are under the id that they have at this moment."""
        left = [
            at for at, each in enumerate(self.happened[:before]) if each[:1] + each[3] == ("forget", person)
        ]
        return left[-1] + 1 if left else 0

    def roles(self, person: str, before: int) -> set[str]:
        held: set[str] = set()
        for each in self.happened[self.came(person, before) : before]:
            if each.what == "grant" and each.more[0] == person:
                held.add(each.more[1])
            if each.what == "revoke" and each.more[0] == person:
                held.discard(each.more[1])
        return held

    def holds(self, person: str, action: Action, before: int) -> bool:
        return any(action in ROLES[role] for role in self.roles(person, before))  # type: ignore[index]

    def denied(self, person: str, before: int) -> bool:
        said = [
            each.more[1]
            for each in self.happened[self.came(person, before) : before]
            if each.what == "deny" and each.more[0] == person
        ]
        return bool(said) and said[-1] != "lift"

    def trained(self, before: int) -> dict[int, int]:
        """Number of a version → the place at which it was trained."""
        places = [place for place, each in enumerate(self.happened[:before]) if each.what == "train"]
        return dict(enumerate(places, 1))

    def governed(self, before: int) -> bool:
        return any(each.what == "grant" for each in self.happened[:before])

    def first_under(self, gates: str, before: int) -> str:
        """Who first had a version judged by these gates."""
        for each in self.happened[:before]:
            if (each.what == "train" and each.more[1] == gates) or (
                each.what == "judge" and each.more[0] == gates
            ):
                return each.by
        return ""

    def gates_of(self, number: int, before: int) -> set[str]:
        judged = {
            each.more[0] for each in self.happened[:before] if (each.what, each.on) == ("judge", number)
        }
        return {self.happened[self.trained(before)[number]].more[1]} | judged

    def released_under(self, gates: str, before: int) -> bool:
        return any(
            each.what == "release" and gates in self.gates_of(each.on, place)
            for place, each in enumerate(self.happened[:before])
        )

    def counts(self, person: str, number: int, releasing: str, before: int) -> bool:
        """Whether this person's approval of the version counts at this moment."""
        if not self.governed(before):
            return True
        registered = self.trained(before)[number]
        mine = self.happened[registered]
        builds = [self.happened[place] for place in self.trained(before).values()]
        since = self.happened[registered:before]
        asked = {each.by for each in self.happened[:before] if (each.what, each.on) == ("request", number)}
        return (
            person in PEOPLE
            and self.holds(person, "release.approve", before)
            and not self.denied(person, before)
            and not self.holds(person, "role.grant", before)
            and all(each.by != person for each in builds if each.more[0] == mine.more[0])
            and not any(
                self.first_under(gates, before) == person and not self.released_under(gates, before)
                for gates in self.gates_of(number, before)
            )
            and person not in (asked or {releasing})
            and not any((each.what, each.by) == ("grant", person) for each in since)
        )

    def forbids(self, place: int) -> bool:
        """Whether the policy forbids the release at this place of the list."""
        now = self.happened[place]
        # An approval under an id that is nobody's any more counts for nothing.
        approvers = {
            each.by
            for at, each in enumerate(self.happened[:place])
            if (each.what, each.on) == ("approve", now.on) and at >= self.came(each.by, place)
        }
        counted = {each for each in approvers if self.counts(each, now.on, now.by, place)}
        may_release = not self.governed(place) or self.holds(now.by, "release.execute", place)
        return len(counted) < NEEDED or not may_release


NEEDED = 1
EVERY = st.sampled_from(EVERYBODY)
NUMBERS = st.integers(1, 3)
HAPPENINGS = st.one_of(
    st.builds(
        lambda by, who, role: Happening("grant", by, 0, (who, role)), EVERY, EVERY, st.sampled_from(TEAM)
    ),
    st.builds(
        lambda by, who, role: Happening("revoke", by, 0, (who, role)), EVERY, EVERY, st.sampled_from(TEAM)
    ),
    st.builds(
        lambda by, who, how: Happening("deny", by, 0, (who, how)),
        EVERY,
        EVERY,
        st.sampled_from(["", "lift"]),
    ),
    st.builds(
        lambda by, model, gates: Happening("train", by, 0, (model, gates)),
        EVERY,
        st.sampled_from(MODELS),
        st.sampled_from(GATES),
    ),
    st.builds(
        lambda by, on, gates: Happening("judge", by, on, (gates,)), EVERY, NUMBERS, st.sampled_from(GATES)
    ),
    st.builds(lambda by, on: Happening("request", by, on), EVERY, NUMBERS),
    st.builds(lambda by, on: Happening("approve", by, on), EVERY, NUMBERS),
    st.builds(lambda by, on: Happening("approve", by, on), EVERY, NUMBERS),
    st.builds(lambda by, on: Happening("release", by, on), EVERY, NUMBERS),
    st.builds(lambda by, on: Happening("release", by, on), EVERY, NUMBERS),
    st.builds(lambda who: Happening("forget", "", 0, (who,)), EVERY),
)
ADA, BO, CY, DI = PEOPLE
# A team that can do something, since a random first grant seldom is one.
BEGINNINGS = (
    [],
    [
        Happening("grant", ADA, 0, (ADA, "admin")),
        Happening("grant", ADA, 0, (BO, "engineer")),
        Happening("grant", ADA, 0, (CY, "approver")),
        Happening("grant", ADA, 0, (DI, "owner")),
        Happening("grant", ADA, 0, (BO, "approver")),
    ],
    [
        Happening("grant", ADA, 0, (ADA, "admin")),
        Happening("grant", ADA, 0, (BO, "engineer")),
        Happening("grant", ADA, 0, (DI, "engineer")),
        Happening("train", BO, 0, ("bytes1", "loose")),
        Happening("forget", "", 0, (BO,)),
        Happening("grant", ADA, 0, (BO, "approver")),
    ],
)


def played(happenings: list[Happening]) -> History:
    history = History(NEEDED)
    for each in happenings:
        history.do(each)
    return history


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.lists(HAPPENINGS, max_size=30))
def test_no_history_leads_to_a_release_that_its_policy_forbids(
    beginning: list[Happening], happenings: list[Happening]
) -> None:
    history = played([*beginning, *happenings])
    oracle = Oracle(history.happened)
    for place, each in enumerate(history.happened):
        assert each.what != "release" or not oracle.forbids(place), history.happened


TRAINED = [*BEGINNINGS[1], Happening("train", BO, 0, ("bytes1", "loose"))]


def outcome(*more: Happening) -> bool:
    """Whether the last of these acts is allowed, after a version was trained."""
    history = played([*TRAINED, *more[:-1]])
    assert len(history.happened) == len(TRAINED) + len(more) - 1, "what comes before is allowed"
    return history.do(more[-1])


def test_a_version_that_another_approved_is_released() -> None:
    assert outcome(Happening("approve", CY, 1), Happening("release", BO, 1))


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([Happening("approve", BO, 1)], id="who trained it approves it"),
        pytest.param(
            [Happening("request", DI, 1), Happening("approve", DI, 1)], id="who asked for it approves it"
        ),
        pytest.param(
            [Happening("approve", DI, 1), Happening("release", DI, 1)], id="who approved it alone releases it"
        ),
        pytest.param(
            [Happening("approve", DI, 1), Happening("request", DI, 1), Happening("release", BO, 1)],
            id="who approved it asks for it afterwards",
        ),
        pytest.param(
            [Happening("judge", DI, 1, ("strict",)), Happening("approve", DI, 1)],
            id="who changed its gates approves it",
        ),
        pytest.param(
            [
                Happening("judge", DI, 1, ("strict",)),
                Happening("train", BO, 0, ("bytes2", "strict")),
                Happening("approve", DI, 2),
            ],
            id="who changed the gates approves the next release under them",
        ),
        pytest.param(
            [
                Happening("grant", ADA, 0, (CY, "scientist")),
                Happening("train", CY, 0, ("bytes1", "loose")),
                Happening("approve", CY, 1),
            ],
            id="who built the same model under another number approves it",
        ),
        pytest.param([Happening("approve", ADA, 1)], id="an admin approves"),
        pytest.param(
            [Happening("grant", ADA, 0, (ADA, "approver"))], id="an admin makes themself an approver"
        ),
        pytest.param(
            [Happening("grant", ADA, 0, (SERVICE, "approver"))], id="a service account becomes an approver"
        ),
        pytest.param(
            [
                Happening("approve", CY, 1),
                Happening("revoke", ADA, 0, (CY, "approver")),
                Happening("release", BO, 1),
            ],
            id="a release on the word of one whose role was revoked",
        ),
        pytest.param(
            [Happening("approve", CY, 1), Happening("deny", ADA, 0, (CY, "")), Happening("release", BO, 1)],
            id="a release on the word of one who was denied",
        ),
        pytest.param(
            [Happening("approve", CY, 1), Happening("forget", "", 0, (CY,)), Happening("release", BO, 1)],
            id="a release on the word of one who was forgotten",
        ),
        pytest.param(
            [Happening("deny", ADA, 0, (CY, "")), Happening("approve", CY, 1)],
            id="an approver who was denied",
        ),
        pytest.param(
            [
                Happening("forget", "", 0, (BO,)),
                Happening("grant", ADA, 0, (BO, "approver")),
                Happening("approve", BO, 1),
            ],
            id="who trained it comes back under another id and approves it",
        ),
        pytest.param(
            [
                Happening("request", DI, 1),
                Happening("forget", "", 0, (DI,)),
                Happening("grant", ADA, 0, (DI, "approver")),
                Happening("approve", DI, 1),
            ],
            id="who asked for it comes back under another id and approves it",
        ),
        pytest.param([Happening("revoke", ADA, 0, (ADA, "admin"))], id="the last admin goes"),
        pytest.param(
            [
                Happening("grant", ADA, 0, (CY, "admin")),
                Happening("grant", CY, 0, (SERVICE, "engineer")),
                Happening("revoke", ADA, 0, (CY, "admin")),
                Happening("approve", CY, 1),
            ],
            id="who granted roles since it was registered approves it",
        ),
    ],
)
def test_duties_are_judged_on_what_happened(acts: list[Happening]) -> None:
    assert not outcome(*acts)


def test_who_changed_the_gates_approves_again_once_there_was_a_release_under_them() -> None:
    assert outcome(
        Happening("judge", DI, 1, ("strict",)),
        Happening("approve", CY, 1),
        Happening("release", BO, 1),
        Happening("train", BO, 0, ("bytes2", "strict")),
        Happening("approve", DI, 2),
    )
