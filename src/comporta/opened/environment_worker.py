"""A version in an environment of its own: a process that loads it there, and answers frames over a socket.

Started by a server as `python -I -m comporta.opened.environment_worker FD`, with the Python of the
environment. Whatever the version's code prints goes to standard error; it ends when the socket's other end
closes.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl

from comporta.data.features import call_compute
from comporta.errors import BadProject, first_line
from comporta.opened.environment_messages import (
    PROTOCOL,
    EnvironmentAsk,
    EnvironmentOrder,
    EnvironmentReply,
    frame_of_bytes,
    frame_to_bytes,
    receive,
    send,
)
from comporta.opened.isolated import IsolatedSource
from comporta.opened.live_files import live_folder
from comporta.store import MemoryStore, StepContext, derive, new_secret
from comporta.train import Predictor, load_predictor

Answers = Callable[[int | None, pl.DataFrame], pl.DataFrame]


def main(connection: socket.socket) -> int:
    """Answers until the other end is closed: 0; 1 where the version cannot be loaded."""
    first = receive(connection, EnvironmentOrder)
    if first is None:
        return 0
    try:
        answers = load(*first)
    # A boundary: the libraries and the version's own code are loaded here, and may raise anything.
    except Exception as error:
        send(connection, _failure(error))
        return 1
    send(connection, EnvironmentReply())
    while (asked := receive(connection, EnvironmentAsk)) is not None:
        try:
            body = frame_to_bytes(answers(asked[0].compute, frame_of_bytes(asked[1])))
        # A boundary: as above.
        except Exception as error:
            send(connection, _failure(error))
        else:
            send(connection, EnvironmentReply(), body)
    return 0


def load(order: EnvironmentOrder, body: bytes) -> Answers:
    """What answers for the version. Raises BadProject, Tampered, and whatever its own code raises."""
    if order.protocol != PROTOCOL:
        raise BadProject(f"protocol: found {order.protocol}, expected {PROTOCOL}.")
    context, parts, at = StepContext(store=MemoryStore(), keys=derive(new_secret())), {}, 0
    for name, size in order.parts.items():
        parts[name] = context.put(body[at : at + size], "model")
        at += size
    source = IsolatedSource(Path(order.source), live_folder(Path(order.live)))
    with source.enter():  # a kept model may be of the project's own classes
        predictor = load_predictor(
            context, parts, own=lambda: tuple(made() for made in source.functions(order.codecs))
        )
    predictor.self_test()
    compute = source.functions(order.compute)

    def answers(function: int | None, frame: pl.DataFrame) -> pl.DataFrame:
        return answer_frame(predictor, frame) if function is None else call_compute(compute[function], frame)

    return answers


def answer_frame(predictor: Predictor, frame: pl.DataFrame) -> pl.DataFrame:
    """Its answers as a frame: `label`, or `prediction`; and the probability of each class, `0`, `1` …"""
    columns: list[pl.Series] = []
    for name, values in predictor.predict(frame).items():
        if name == "probability":
            columns += [pl.Series(str(place), values[:, place]) for place in range(values.shape[1])]
        else:
            columns.append(pl.Series(name, values.tolist()))
    return pl.DataFrame(columns)


def _failure(error: Exception) -> EnvironmentReply:
    return EnvironmentReply(error=type(error).__name__, message=first_line(error))


def _end_with(connection: socket.socket) -> None:
    """Ends this process when the other end is closed, whatever it does meanwhile: nobody waits for it."""
    hung_up = select.poll()
    hung_up.register(connection, 0)
    hung_up.poll()
    os._exit(0)


if __name__ == "__main__":
    # What is printed goes where a server's log goes.
    os.dup2(2, 1)
    link = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_end_with, args=(link,), daemon=True).start()
    sys.exit(main(link))
