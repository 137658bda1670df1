"""What the command line says about batches of answers: a part of `cli/words.py`."""

from __future__ import annotations


class PredictTexts:
    """The texts, in English."""

    PREDICT_VERSION = "The version, such as late/3 or late@champion, what serves now."
    PREDICT_INPUT = "A dataset, a version of one such as customers@3, or Parquet or CSV files by a glob."
    PREDICT_OUTPUT = "A file ending in .parquet or .csv, or the name of a dataset that gains the answers."
    PREDICT_FOLLOW = "Go on with what the dataset gains, until interrupted: with a dataset as --output."
    PREDICT_POLL = "With --follow: seconds between looks for new versions of the dataset."
    PREDICT_FOLLOWS = "{version} follows {source} into {output}. Interrupt it to stop."
    PREDICT_FOLLOW_ENDED = "Stopped: {version} answered {rows:,} rows of {source}. The same command goes on."
    PREDICT_FOLLOW_STOPPED = (
        "Stopped: {version} answered {rows:,} rows of {source}; {more:,} more are answered and not added "
        "yet. The same command goes on."
    )
    PREDICT_ADDED = "{version} answered {rows:,} rows of {source}: {dataset}"
    PREDICT_NOTHING_NEW = "{version} has answered every row of {source}: {dataset}"
    PREDICT_NO_ROWS = "{version}: {source} has no rows to answer."
    PREDICT_KEEP = "A column to write beside the answers; may be given more than once. Default: the key."
    PREDICT_CHUNK = "How many rows are in memory at a time."
    PREDICT_REVEAL = "Write personal columns beside the answers: with --reason."
    PREDICT_RESUMED = "{rows:,} rows were answered before; the rest was added."
    PREDICTED = "{version} answered {rows:,} rows of {source}: {path} ({size})"
