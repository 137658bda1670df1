"""Whether what will answer requests answers as research did, in each of the model's forms."""

from __future__ import annotations

from math import floor, log10

from comporta.gates.argument import chosen, number
from comporta.gates.held import Held, held
from comporta.records import LEVELS, Evidence, Level, Need, Record, Verdict, need


class Parity(Record, frozen=True, kw_only=True):
    """No row of any form is further than `tolerance` from what research predicted, and none is refused."""

    tolerance: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`served answers within 1e-05 of research`."""
        return f"served answers within {self.tolerance:g} of research"

    def needs(self) -> tuple[Need, ...]:
        """Every row asked over HTTP in each form; the tolerance changes nothing of it."""
        return (need("parity"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the row that is furthest apart."""
        (found,) = evidence
        verdict = held(
            self,
            found,
            (
                Held(metric="rows refused", limit=0, slice=None),
                Held(metric="largest difference", limit=self.tolerance, slice=None),
            ),
        )
        figure = verdict.figure
        if verdict.outcome != "fail" or figure is None:
            return verdict
        # Counted at powers of ten: the nearest at or below the tolerance.
        beyond = f"rows beyond {10.0 ** max(-12, min(-1, floor(log10(self.tolerance) + 1e-9))):.0e}"
        count = next((e.value for e in found.figures if (e.metric, e.slice) == (beyond, figure.slice)), 0)
        of = f"{count:,.0f} of {figure.rows:,} {beyond}; the evidence names the first row and column."
        return Verdict(
            check=verdict.check,
            outcome=verdict.outcome,
            required=verdict.required,
            reason=f"{verdict.reason[:-1]}; {of}",
            figure=figure,
            limit=verdict.limit,
            evidence=verdict.evidence,
        )


def parity(*, tolerance: float = 1e-4, required: bool = True, level: Level = "release") -> Parity:
    """What will answer requests answers as research did: `parity(tolerance=1e-5)`.

    Every test row is sent over HTTP (Open Inference v2, many rows a request) to a server of the candidate
    in a fresh process, once for each form that may serve (`native`, `lightgbm`, `onnx`), and its answer is
    held beside what research predicted for it. A row's difference is the largest of its probabilities'
    differences; for regression the number's difference over the standard deviation of the numbers. Another
    label counts half the distance of the two largest probabilities, which is what they would have had to
    move. A row that is refused fails whatever the tolerance. All rows are read.

    A compiled tree compares in 32 bits, so about one row in 100,000 falls on the other side of a threshold: a
    row whose answer is what research says of it with one feature a 32-bit step away is no difference, and
    is counted in the evidence. Where more than a hundred rows are apart none is excused.

    The default, 1e-4, is ten times what the export allowed each form on a sample of training rows.

    What it does not see: joins and computed features before the model, which the request path makes from
    history and research from tables; and forms that the export dropped (the evidence says why it did).
    Raises BadProject on a tolerance that is no number from 1e-12 to 1.
    """
    chosen("parity", "level", level, LEVELS)
    return Parity(
        tolerance=number("parity", "tolerance", tolerance, low=1e-12, high=1), required=required, level=level
    )
