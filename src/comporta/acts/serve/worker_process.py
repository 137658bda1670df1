"""One worker of a server with several: it opens the project again and answers from the seat it was handed."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path

from comporta.errors import ComportaError, first_line
from comporta.records import Record, decode
from comporta.records.credential import mask
from comporta.serve.server_options import DEFAULT_OPTIONS, ServerOptions
from comporta.serve.shared_pages import SharedPages
from comporta.serve.sibling_workers import SiblingWorkers
from comporta.serve.worker_messages import MessageWriter, WorkerFailure


class WorkerOrder(Record, frozen=True, kw_only=True):
    """What a worker is started with. root: the project's folder. file: what declares it; empty: `project.py`
    there. asks: whether requests must show a token. index: which of the workers it is. listener, memory,
    messages: descriptors that it inherits."""

    root: str
    file: str = ""
    host: str
    durable: bool
    asks: bool
    every: float
    workers: int
    listener: int
    memory: int
    index: int = 0
    messages: int = -1
    options: ServerOptions = DEFAULT_OPTIONS


def main(order: WorkerOrder) -> int:
    """Answers until it is told to end, or its supervisor is gone. The exit code."""
    for descriptor in (order.listener, order.memory, order.messages):
        os.set_inheritable(descriptor, False)
    messages = MessageWriter(order.messages)
    threading.Thread(target=_end_with_supervisor, name="comporta-supervisor", daemon=True).start()
    try:
        _answer(order, messages)
    except ComportaError as error:
        messages.send(WorkerFailure(message=mask(str(error))))
        return error.exit_code
    except KeyboardInterrupt:  # told to end at once
        return 128 + signal.SIGINT
    # The boundary of the process: its supervisor says it, in a line.
    except Exception as error:
        messages.send(WorkerFailure(message=mask(f"{type(error).__name__}: {first_line(error)}.")))
        return 1
    return 0


def _answer(order: WorkerOrder, messages: MessageWriter) -> None:
    from comporta.acts.serve.serving import serving_versions
    from comporta.acts.serve.serving_log import PredictionLog
    from comporta.opened.project import open_root
    from comporta.serve.worker_server import WorkerSeat, serve_from_seat

    siblings = SiblingWorkers(SharedPages(order.memory, order.workers), order.index)
    seat = WorkerSeat(socket.socket(fileno=order.listener), siblings, messages)
    with open_root(Path(order.root), Path(order.file) if order.file else None) as opened:
        log = PredictionLog(opened, every=order.every, sealing=siblings.sealing, say=messages.say)
        with serving_versions(opened, messages.say) as versions, log:
            serve_from_seat(
                versions,
                log,
                seat,
                key=opened.keys.unit,
                host=order.host,
                durable=order.durable,
                tokens=versions.tokens if order.asks else None,
                tally=log.tally,
                samples=log.samples,
                options=order.options,
            )
            # Told again while it writes what it answered, it goes on writing.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _end_with_supervisor() -> None:
    """Its end of standard input closes when it ends, however it does: nobody would replace or end us then."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(decode(sys.argv[1], WorkerOrder)))
