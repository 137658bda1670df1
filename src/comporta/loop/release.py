"""Approve, release, roll back: each one transaction over what the registry and the release room decide."""

from __future__ import annotations

from comporta.errors import ComportaError, NotFound
from comporta.loop.commits import version_at
from comporta.loop.conceal import revealed
from comporta.loop.house import House
from comporta.loop.sentences import Say, sentence
from comporta.records import Approval, Release, Transaction, Version
from comporta.registry import VERSIONS, require_releasable, version_key
from comporta.registry import approve as approved
from comporta.release import ROUTES
from comporta.release import release as released
from comporta.release import rollback as rolled_back


def models(house: House) -> tuple[Version, ...]:
    """Every version of every model, newest first within each."""
    versions = [version for _, version in house.ledger.scan(VERSIONS)]
    return tuple(sorted(versions, key=lambda each: (each.model, -each.number)))


def version_of(house: House, name: str) -> Version:
    """`late/3`; the newest of `late`; `late@champion`, what serves now; `late@0f3a91c`, what the
    newest run at that commit led to. Its verdicts are as a reader wants them. Raises NotFound, naming what
    there is."""
    return revealed(house.desk, _found(house, name))


def _found(house: House, name: str) -> Version:
    model, sign, asked = name.partition("@") if "@" in name else name.partition("/")
    known = [version for _, version in house.ledger.scan(VERSIONS, f"{model}/")]
    if not known:
        there = sorted({key.partition("/")[0] for key, _ in house.ledger.scan(VERSIONS)})
        raise NotFound(
            f"found no version of {model!r}, expected a model of: {', '.join(there) or 'none yet'}. "
            "Make one: comporta run"
        )
    if not sign:
        return known[-1]
    if sign == "@":
        return _aliased(house, asked, known)
    for version in known:
        if asked == str(version.number):
            return version
    raise NotFound(f"found no version {name!r}, expected {model}/1 to {known[-1].id}.")


def _aliased(house: House, asked: str, known: list[Version]) -> Version:
    if asked == "champion":
        route = house.ledger.get(ROUTES, known[0].model)
        if route is None:
            raise NotFound(f"found no champion of {known[0].model!r}: nothing was released yet.")
        return next(each for each in known if each.number == route.champion)
    return version_at(house, known, asked)


def approve(
    house: House, name: str, *, by: str, role: str = "", reason: str = "", say: Say = sentence
) -> Version:
    """One person's approval of a version. Raises NotFound, Refused."""
    version = version_of(house, name)
    approval = Approval(by=by, role=role, reason=reason, at=house.clock())

    def commit(tx: Transaction) -> None:
        tx.append(approved(_now(house, tx, version), approval, say))

    house.ledger.transact(commit)
    return version_of(house, version.id)


def release(house: House, name: str, *, by: str = "", reason: str = "", say: Say = sentence) -> Release:
    """All traffic to a version, in one act. Raises NotFound, Refused."""
    version = version_of(house, name)
    gone = stale(house, version)

    def commit(tx: Transaction) -> Release:
        require_releasable(_now(house, tx, version), house.clock(), gone, say)
        fact = released(
            tx.get(ROUTES, version.model),
            version.model,
            version.number,
            by=by,
            reason=reason,
            at=house.clock(),
        )
        tx.append(fact)
        return fact.release

    return house.ledger.transact(commit)


def rollback(house: House, model: str, *, by: str = "", reason: str = "", say: Say = sentence) -> Release:
    """All traffic back to the champion before. Raises Refused when there is none, or it is stale."""

    def commit(tx: Transaction) -> Release:
        fact = rolled_back(tx.get(ROUTES, model), model, by=by, reason=reason, at=house.clock())
        back = tx.get(VERSIONS, version_key(model, fact.release.shares[0].version))
        assert back is not None, "a released version is in the inventory"
        require_releasable(revealed(house.desk, back), house.clock(), stale(house, back), say)
        tx.append(fact)
        return fact.release

    if house.ledger.get(ROUTES, model) is None:
        version_of(house, model)
    return house.ledger.transact(commit)


def stale(house: House, version: Version) -> tuple[str, ...]:
    """The datasets of which something the version learned from has been erased since."""
    # Here, for it brings polars along: who only lists versions need not wait for that.
    from comporta.data import slice_of

    found = []
    for part in version.read:
        try:
            now = slice_of(
                house.store,
                house.keys,
                part.dataset,
                number=part.number,
                columns=part.columns,
                since=part.since,
                until=part.until,
            )
        except ComportaError:
            found.append(part.dataset)
            continue
        if now.digest != part.digest:
            found.append(part.dataset)
    return tuple(found)


def _now(house: House, tx: Transaction, version: Version) -> Version:
    """The version as it stands inside this transaction, to decide on and to say why."""
    found = tx.get(VERSIONS, version_key(version.model, version.number))
    assert found is not None, "a version never leaves the inventory"
    return revealed(house.desk, found)
