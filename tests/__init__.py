"""Tests of the add-on; ``bash setup/test.sh`` runs them by pytest.

Odoo's own runner reads the test modules of an add-on's ``tests`` package: linked there,
this package shows it every one.
"""

from importlib import import_module
from pkgutil import iter_modules

if __name__.startswith("odoo.addons."):
    for module in iter_modules(__path__):
        if module.name.startswith("test_"):
            import_module(f"{__name__}.{module.name}")
