"""The Python face: a project that runs, hands out its data, and predicts."""

from comporta.api.load import load
from comporta.api.project import Project

__all__ = ["Project", "load"]
