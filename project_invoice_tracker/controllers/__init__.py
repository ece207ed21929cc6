from . import portal
from . import portal_pause
from . import wip
