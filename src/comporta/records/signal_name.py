"""What a signal is called, as far as it has a name."""

from __future__ import annotations

import signal


def signal_name(number: int) -> str:
    """`SIGKILL` of 9; `signal 40` of one without a name, as those of real time are.

    >>> signal_name(9), signal_name(40)
    ('SIGKILL', 'signal 40')
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
