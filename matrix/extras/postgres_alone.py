"""`comporta[postgres]`, and a server: the ledger's own suite of transactions, its first lines."""

import sys
import tempfile
from pathlib import Path

from comporta.ledger import open_ledger
from comporta.testing import Clock, running_postgres

with running_postgres() as url, tempfile.TemporaryDirectory() as folder:
    for height in (0, 0):  # opened, and opened again
        ledger = open_ledger(url, [], key=b"k" * 32, clock=Clock(), root=Path(folder))
        if len(list(ledger.events())) != height:
            sys.exit("found events in an empty ledger")
