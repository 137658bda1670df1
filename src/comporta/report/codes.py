"""What a report says of its own: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records import NUMBER, Code, Section, code

QUALITY = code("report.quality", "How good it is")
CHAMPION = code("report.champion", "Against the champion")
TIME = code("report.time", "Over time")
FAIRNESS = code("report.fairness", "Fairness and conduct")
ROBUSTNESS = code("report.robustness", "When pushed")
DATA = code("report.data", "The data")
BEHAVIOUR = code("report.behaviour", "What it looks at")
PRIVACY = code("report.privacy", "Privacy")
OWN = code("report.own", "The team's own")

HEADINGS: dict[Section, Code] = {
    "quality": QUALITY,
    "champion": CHAMPION,
    "time": TIME,
    "fairness": FAIRNESS,
    "robustness": ROBUSTNESS,
    "data": DATA,
    "behaviour": BEHAVIOUR,
    "privacy": PRIVACY,
    "own": OWN,
}
"""Of each section, in the order in which people ask."""

WOULD_FIND = code(
    "report.would_find",
    "It would have found {difference:.2g} beyond the limit four times in five.",
    difference=NUMBER,
)
WOULD_FIND_ANY = code(
    "report.would_find_any", "It would have found anything beyond the limit at least four times in five."
)
