"""The candidate behind the real request path: how quick under load, how it takes rubbish, whether it grows.

Where features are made on the way, by joins and functions, all requests are raw ones, each with its row's own
time, and what is timed and sent rubbish is the whole way. The server's code there is that of a release, with
the tables that research read.
Figures of time are of this machine, whose digest the table `machine` has, and hold nowhere else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from comporta.checks.shared.measuring.candidate_server import CandidateServer, Served
from comporta.checks.shared.measuring.machine import machine
from comporta.checks.shared.measuring.raw_requests import Raw, bundle_of
from comporta.checks.shared.tables import WHAT
from comporta.checks.stress import codes
from comporta.checks.stress.codes import (
    ASKED_BECAUSE,
    ASKED_WHERE,
    CLOSED_LOOP,
    FROM,
    NO_REQUEST_ANSWERED,
    NO_ROW_ANSWERED,
    NO_ROWS_TO_SEND,
)
from comporta.checks.stress.figures import ERRORS, FAILED, GROWTH, P50, P99, PLAIN, RAW, REQUESTED, UNCLEAR
from comporta.checks.stress.load import Round, ask, load, on_wire
from comporta.checks.stress.malformed import Bad, damage, far, malformed_requests
from comporta.checks.stress.single_requests import carry_rows
from comporta.checks.stress.tables import (
    ANSWERS,
    CORES,
    DIGEST,
    KIND,
    MACHINE,
    MEGABYTES,
    P50_MS,
    P99_MS,
    PER_SECOND,
    PROCESSOR,
    PROCESSOR_KIND,
    ROUND,
    ROUNDS,
    STATUS,
    SYSTEM,
    TIMES,
    UNCLEAR_REQUESTS,
)
from comporta.records import (
    Artifact,
    Code,
    Figure,
    Findings,
    Message,
    Signature,
    Slice,
    Table,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.arguments import argument_ids
from comporta.records.variadic_input import table_inputs
from comporta.store import StepContext
from comporta.store.frames import read

PATH = "/v2/models/candidate/infer"
ROWS, PARTS, DAMAGED, LIMIT, FLOOR = 64, 6, 150, 10_001, 4 * 2**20
MACHINE_COLUMNS = {
    "digest": DIGEST,
    "system": SYSTEM,
    "machine": PROCESSOR_KIND,
    "processor": PROCESSOR,
    "cores": CORES,
}
"""Of what `machine` tells."""


@argument_ids(declared_bundle="way", stored_bundle="bundle")
def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    parity: Artifact,
    trial: Artifact,
    served: Served,
    connections: int = 8,
    seconds: float = 2.0,
    onnx: Artifact | None = None,
    declared_bundle: Mapping[str, Any] | None = None,
    raw: Raw | None = None,
    stored_bundle: Artifact | None = None,
    code: Artifact | None = None,
    **others: Any,
) -> dict[str, Artifact]:
    """`findings`: latency of single-row JSON requests in a closed loop of so many connections; bad requests
    that were not one clear 4xx (or, where it may, one whole answer); memory of the server's process a
    thousand requests later.

    declared_bundle: from a request to its features, as JSON. stored_bundle, code: that and the source of a
    version that was made by others than those of today. others: the dataset versions that the features read,
    as `table <dataset>`; what the pool lends beside; and the digest of this machine: what another one
    measured answers another question."""
    takes = context.get_json(signature, Signature)
    parts = {"model": model, "signature": signature, "parity": parity, "trial": trial}
    parts |= {} if onnx is None else {"onnx": onnx}
    rows = read(context, test)
    of = rows.height
    some = rows.sample(min(ROWS, of), seed=context.seed)
    if some.is_empty():
        return {"findings": context.put_json(_nothing(NO_ROWS_TO_SEND()))}
    tables: dict[str, Slice] = table_inputs(others)
    bundle = bundle_of(context, declared_bundle, stored_bundle)
    bodies, fields, where, why_not = carry_rows(context, takes, some, bundle, tables, raw)
    going = {"bundle": bundle, "tables": tables, "code": code, "keep_features": False} if where == RAW else {}
    with served(context, parts, **going) as at:
        good = next((body for body in bodies if ask(at.url, PATH, body)[0] == 200), None)
        if good is None:
            status, said = ask(at.url, PATH, bodies[0])
            print(f"no test row was answered, the first with {status}: {said.decode(errors='replace')}")
            why = NO_ROW_ANSWERED(rows=len(bodies), where=FROM[where](), status=status)
            return {"findings": context.put_json(_nothing(why))}
        rounds, sizes = _load(at, bodies, connections, seconds)
        before = ask(at.url, PATH, good)
        draw = np.random.default_rng(context.seed)
        bad = [*malformed_requests(good, fields, LIMIT), *far(good, fields), *damage(good, draw, DAMAGED)]
        answers = [
            (each, *ask(at.url, each.path or PATH, each.body, each.headers, each.method)) for each in bad
        ]
        alive = ask(at.url, PATH, good)
    same = alive[0] == before[0] == 200 and _outputs(alive[1]) == _outputs(before[1])
    kept = findings(rounds, sizes, answers, same, len(bodies), of, connections, where=where, why_not=why_not)
    good_ones = sum(len(r.seconds) for r in rounds)
    print(f"{good_ones:,} good requests of {len(bodies)} rows {where}, {len(bad):,} bad ones")
    return {"findings": context.put_json(kept)}


def _load(
    at: CandidateServer, bodies: Sequence[bytes], connections: int, seconds: float
) -> tuple[list[Round], list[int]]:
    """The rounds, and bytes of the server's process before the first and after each."""
    wire = [on_wire(PATH, body) for body in bodies]
    load(at.url, wire, connections=connections, seconds=min(0.4, seconds / 4))  # warm
    rounds, sizes = [], [_memory(at.pid)]
    for _ in range(PARTS):
        rounds.append(load(at.url, wire, connections=connections, seconds=seconds / PARTS))
        time.sleep(0.15)  # what waits for its log is written every tenth of a second
        sizes.append(_memory(at.pid))
    return rounds, sizes


def findings(
    rounds: Sequence[Round],
    sizes: Sequence[int],
    answers: Sequence[tuple[Bad, int, bytes]],
    alive: bool,
    rows: int,
    of: int,
    connections: int,
    *,
    where: str = PLAIN,
    why_not: Message | None = None,
) -> Findings:
    """sizes: bytes of the server's process before the first round and after each. where: from where on it
    was asked. why_not: from the raw request on, or None."""
    times = 1e3 * np.sort(np.concatenate([each.seconds for each in rounds]))
    failed = sum(each.failed for each in rounds)
    faults = [(bad, status) for bad, status, body in answers if not clear(bad, status, body)]
    broken = sum(status >= 500 or status == 0 for _, status, _ in answers) + (not alive)
    asked = len(times) + failed
    figures = [
        Figure(metric=FAILED.metric, value=failed, rows=asked),
        Figure(metric=UNCLEAR.metric, value=len(faults), rows=len(answers)),
        Figure(metric=ERRORS.metric, value=broken, rows=len(answers)),
        Figure(metric=REQUESTED.metric, value=rows, rows=rows, under=conditions(request=where)),
    ]
    if len(times):
        figures += [
            _quantile_figure(P50.metric, 0.5, times, rounds),
            _quantile_figure(P99.metric, 0.99, times, rounds),
            Figure(
                metric=GROWTH.metric,
                value=growth(sizes, [len(r.seconds) + r.failed for r in rounds]),
                rows=asked,
            ),
        ]
    return Findings(
        figures=tuple(figures),
        unmeasured=() if len(times) else _nothing(NO_REQUEST_ANSWERED()).unmeasured,
        rows=rows,
        of=of,
        notes=(
            CLOSED_LOOP(connections=connections),
            ASKED_WHERE(where=FROM[where]())
            if why_not is None
            else ASKED_BECAUSE(where=FROM[where](), why=why_not),
        ),
        tables=_tables(rounds, sizes, faults),
    )


def _tables(
    rounds: Sequence[Round], sizes: Sequence[int], faults: Sequence[tuple[Bad, int]]
) -> tuple[Table, Table, Table]:
    """The machine, each round of the load, and which bad requests got no clear refusal, how often."""
    times: dict[tuple[Code, Code, int], int] = {}
    for bad, status in faults:
        times[bad.kind, bad.what, status] = times.get((bad.kind, bad.what, status), 0) + 1
    return (
        MACHINE.of([{MACHINE_COLUMNS[name]: value for name, value in machine()._asdict().items()}]),
        ROUNDS.of(
            {
                ROUND: n,
                ANSWERS: len(each.seconds),
                PER_SECOND: each.rate,
                P50_MS: 1e3 * _quantile(each.seconds, 0.5),
                P99_MS: 1e3 * _quantile(each.seconds, 0.99),
                MEGABYTES: sizes[n] / 2**20,
            }
            for n, each in enumerate(rounds, start=1)
        ),
        UNCLEAR_REQUESTS.of(
            {KIND: kind(), WHAT: what(), STATUS: status, TIMES: count}
            for (kind, what, status), count in times.items()
        ),
    )


def _nothing(why: Message) -> Findings:
    return Findings(unmeasured=(UnmeasuredFigure(metric=P99.metric, why=why),))


def clear(bad: Bad, status: int, body: bytes) -> bool:
    """One clear refusal: a 4xx whose JSON says why in a line without our insides; or, of what is not wrong
    in itself, a whole answer of finite numbers."""
    try:
        said = json.loads(body, parse_constant=_refuse)
    except (ValueError, UnicodeDecodeError):
        return False
    if status == 200:
        return bad.kind is not codes.MALFORMED and bool(said.get("outputs"))
    why = said.get("error", said.get("message")) if isinstance(said, dict) else None
    return 400 <= status < 500 and isinstance(why, str) and 0 < len(why) < 1000 and "Traceback" not in why


def growth(sizes: Sequence[int], requests: Sequence[int]) -> float:
    """KB a thousand requests: the median slope of every two sizes (Theil 1950), without the size before the
    first round, in which caches fill. 0 where less than 4 MB came in all: allocators move so much alone."""
    at = np.cumsum(requests).astype(np.float64)
    held = np.array(sizes[1:], dtype=np.float64)
    if not len(held) or held[-1] - held[0] < FLOOR:
        return 0.0
    first, second = np.triu_indices(len(at), 1)
    apart = at[second] - at[first]
    slopes = (held[second] - held[first])[apart > 0] / apart[apart > 0]
    return float(np.median(slopes) / 1024 * 1000) if len(slopes) else 0.0


def _quantile_figure(metric: str, share: float, times: Any, rounds: Sequence[Round]) -> Figure:
    """A quantile of all times, from the least to the greatest of the rounds'. times: milliseconds."""
    value = float(np.quantile(times, share))
    each = [1e3 * _quantile(one.seconds, share) for one in rounds if len(one.seconds)]
    low, high = min(value, *each), max(value, *each)
    return Figure(metric=metric, value=value, low=low, high=high, rows=len(times), groups=len(rounds))


def _quantile(seconds: Any, share: float) -> float:
    return float(np.quantile(seconds, share)) if len(seconds) else 0.0


def _memory(pid: int) -> int:
    import psutil

    return int(psutil.Process(pid).memory_info().rss)


def _outputs(body: bytes) -> Any:
    """An answer's outputs but the ids."""
    return [each for each in json.loads(body)["outputs"] if each["name"] != "prediction_id"]


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
