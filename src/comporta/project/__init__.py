"""What a user declares: one Python file ending in `project = Project(...)`; and where things are."""

from comporta.project.dataset import Dataset
from comporta.project.features import AsOf, Features
from comporta.project.model import Model
from comporta.project.project import Project
from comporta.project.settings import Settings

__all__ = ["AsOf", "Dataset", "Features", "Model", "Project", "Settings"]
