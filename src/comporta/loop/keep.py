"""What the store holds, and freeing what no version, run or dataset reaches any more."""

from __future__ import annotations

from comporta.engine import RUNS, STEPS
from comporta.loop.house import House
from comporta.loop.lineage import QUESTIONS
from comporta.records import Artifact
from comporta.registry import VERSIONS
from comporta.store import Swept, Used, artifact_name
from comporta.store import sweep as swept
from comporta.store import usage as used

RECENT = 50


def usage(house: House) -> tuple[Used, ...]:
    """Objects and bytes, by artifact and by dataset."""
    return used(house.store, depth=1, prefix="artifacts/") + used(house.store, depth=2, prefix="data/")


def sweep(house: House, *, dry: bool = False) -> Swept:
    """Frees what nothing reaches. Kept: all versions with their steps, the answers of the newest runs,
    every fragment that a dataset version reads; and whatever is less than a day old."""
    # Here, as below, for it brings polars along: `usage` does without.
    from comporta.data import datasets

    names = reachable(house)
    prefixes = ["artifacts/", *(f"data/{name}/objects/" for name in datasets(house.store))]
    return swept(house.store, names, now=house.clock(), prefixes=prefixes, dry=dry)


def reachable(house: House) -> frozenset[str]:
    """The names of all objects that must stay."""
    from comporta.data import reachable as rows_reach

    ledger = house.ledger
    found: set[str] = set()
    recipes: set[str] = set()
    for _, version in ledger.scan(VERSIONS):
        found |= {part.digest for part in version.parts.values()}
        found |= {
            each.digest for verdict in version.verdicts for each in (verdict.evidence, verdict.words) if each
        }
        recipes |= set(version.steps.values())
    for _, run in ledger.scan(RUNS, newest=True, limit=RECENT):
        recipes |= set(run.nodes.values())
    for recipe in recipes:
        step, question = ledger.get(STEPS, recipe), ledger.get(QUESTIONS, recipe)
        outputs = [*(step.outputs.values() if step else ()), *(question.outputs.values() if question else ())]
        found |= {asset.digest for asset in outputs if isinstance(asset, Artifact)}
        if step is not None and step.log is not None:
            found.add(step.log.digest)
    return frozenset({artifact_name(digest) for digest in found} | rows_reach(house.store, house.keys))
