"""Prints, as lines of a .pth file, where the Python that runs this finds its packages.

A venv that reads them sees the Odoo (and all it needs) of an existing installation.
"""

import site
import sys
import sysconfig

STANDARD = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}

for folder in dict.fromkeys(sys.path[1:]):
    if folder in STANDARD or folder.endswith((".zip", "lib-dynload")):
        continue
    print(f"import site; site.addsitedir({folder!r})")
for folder in site.getsitepackages():
    if folder not in sys.path:
        print(f"import site; site.addsitedir({folder!r})")
