from comporta.api import Project as Project
from comporta.api import load as load
from comporta.checks import at_least as at_least
from comporta.checks import at_most as at_most
from comporta.checks import no_worse as no_worse
from comporta.checks import standard as standard
from comporta.errors import ComportaError as ComportaError
from comporta.project import AsOf as AsOf
from comporta.project import Dataset as Dataset
from comporta.project import Features as Features
from comporta.project import Model as Model
from comporta.project import Person as Person
from comporta.project import Schedule as Schedule
from comporta.project import Window as Window
from comporta.records import Column as Column
from comporta.records import Limits as Limits
from comporta.records import at_random as at_random
from comporta.records import by_group as by_group
from comporta.records import by_time as by_time

__version__: str
