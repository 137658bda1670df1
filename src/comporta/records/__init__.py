"""The words of the house: every noun once, frozen; and the protocols of its extension points."""

from comporta.records import facts
from comporta.records.asked import Asked, Said
from comporta.records.asset import Artifact, Asset, Slice
from comporta.records.dataset import Change, Column, Fragment, Join, Manifest, Segment, Shape, Value
from comporta.records.duration import duration
from comporta.records.event import Changes, Event, Fact, Head, Lookup, Reading, Transaction, View
from comporta.records.observation import Feedback, Joined, Observation
from comporta.records.recipe import Answer, Cost, Limits, Node, Output, Plan, Recipe, Run, Step
from comporta.records.record import Record, decode, encode
from comporta.records.release import Release, Route, Share
from comporta.records.split import AtRandom, ByGroup, ByTime, Split, at_random, by_group, by_time
from comporta.records.verdict import (
    LEVELS,
    Check,
    Evidence,
    Figure,
    Findings,
    Level,
    Need,
    Outcome,
    Scores,
    Verdict,
    need,
)
from comporta.records.version import Approval, Field, Signature, State, Version, Waiver

__all__ = [
    "LEVELS",
    "Answer",
    "Approval",
    "Artifact",
    "Asked",
    "Asset",
    "AtRandom",
    "ByGroup",
    "ByTime",
    "Change",
    "Changes",
    "Check",
    "Column",
    "Cost",
    "Event",
    "Evidence",
    "Fact",
    "Feedback",
    "Field",
    "Figure",
    "Findings",
    "Fragment",
    "Head",
    "Join",
    "Joined",
    "Level",
    "Limits",
    "Lookup",
    "Manifest",
    "Need",
    "Node",
    "Observation",
    "Outcome",
    "Output",
    "Plan",
    "Reading",
    "Recipe",
    "Record",
    "Release",
    "Route",
    "Run",
    "Said",
    "Scores",
    "Segment",
    "Shape",
    "Share",
    "Signature",
    "Slice",
    "Split",
    "State",
    "Step",
    "Transaction",
    "Value",
    "Verdict",
    "Version",
    "View",
    "Waiver",
    "at_random",
    "by_group",
    "by_time",
    "decode",
    "duration",
    "encode",
    "facts",
    "need",
]
