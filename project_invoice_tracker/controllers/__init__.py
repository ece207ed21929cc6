from . import portal
from . import wip
