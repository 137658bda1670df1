"""The Python face: a project that runs, hands out its data, and predicts."""

from comporta.api.project import Project, load

__all__ = ["Project", "load"]
