from . import annex
from . import annex_rows
