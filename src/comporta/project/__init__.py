"""What a user declares: one Python file ending in `project = Project(...)`; and where things are.

`project.load` finds and imports it, `project.faults` names all that is wrong with it, `project.settings`
says where its ledger, store, key and executor are.
"""

from comporta.project.csv import csv
from comporta.project.dataset import Dataset
from comporta.project.features import AsOf, Features, Window
from comporta.project.locate import ProjectFault
from comporta.project.model import Model
from comporta.project.person import Person
from comporta.project.project import ProjectDeclaration
from comporta.project.schedule import Schedule
from comporta.project.settings import Settings
from comporta.records.costs import Costs

Project = ProjectDeclaration
"""Its former name, for project files that import it."""

__all__ = [
    "AsOf",
    "Costs",
    "Dataset",
    "Features",
    "Model",
    "Person",
    "Project",
    "ProjectDeclaration",
    "ProjectFault",
    "Schedule",
    "Settings",
    "Window",
    "csv",
]
