"""The version of the package, and the folder of its source."""

from __future__ import annotations

import os

VERSION = "0.1.0"

PACKAGE = os.path.dirname(os.path.abspath(__file__))
