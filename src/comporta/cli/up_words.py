"""What the command line says about everything run together: a part of `cli/words.py`."""

from __future__ import annotations


class UpTexts:
    """The texts, in English."""

    UP_PRINT = "Print a file that starts it, and start nothing: a systemd unit, or one for Docker Compose."
    UP_JOB_WORKERS = "How many jobs are carried out at a time; 0: none here."
    UP_CONTROL_HOST = "The address of the control process."
    UP_CONTROL_PORT = "The port of the control process."
    UP_NO_CONTROL = "Leave the control process out: no JSON routes for acts, no event stream, no webhooks."
    AWAIT_RELEASE = "Begin also where nothing is released yet; the first release answers at once."
    DOWN_GRACE = "How long to wait until it has ended, such as 90s."
    DOWN_DONE = "Ended."
    DOWN_LEFT = "Ended, though they ran without a supervisor: {names}."
    DOWN_NOTHING = "Nothing is up."
    STATUS_NOTHING = "Nothing is up. Start it: comporta up"
    STATUS_UP = "Up since {began:%Y-%m-%d %H:%M:%S} UTC (process {pid}). The log: {log}"
    STATUS_UNSUPERVISED = (
        "The supervisor was killed. What runs answers, and nobody replaces it: comporta up does."
    )
    STATUS_DOWN = "Not up: the supervisor was killed, and its parts have ended. Start it: comporta up"
    STATUS_CUT_OFF = (
        "Server process {worker} cannot read releases: it goes on with those of {at:%Y-%m-%d %H:%M:%S} UTC, "
        "until --max-partition is over."
    )
    CODE_NONE = "no commit has loaded yet."
    CODE_CURRENT = "builds come from commit {commit}, since {since:%Y-%m-%d %H:%M:%S} UTC."
    CODE_REFUSED = " Commit {commit} does not load: {why}"
    PART_STATES = {
        "running": "running",
        "waiting": "waiting",
        "ended": "ended",
        "unsupervised": "unsupervised",
        "dead": "dead",
    }
