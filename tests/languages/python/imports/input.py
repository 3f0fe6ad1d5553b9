"""Imports in every form Python has."""

from __future__ import annotations

import os, sys as system
import xml.etree.ElementTree
import xml.sax.handler
from . import sibling
from .. import parent as above
from ...far.away import (
    one,  # a comment inside
    two as second,
)
from package import *
from public import name as name
from kept import exported

__all__ = ["exported", "local"]
__all__ += ["system"]
__all__.extend(["sibling"])


def local():
    import deferred
    from deferred.sub import thing

    return deferred, thing


class Holder:
    from body import attribute


def chains():
    xml.sax.handler.feature(os.path.join("a", "b"))
    return xml.etree.ElementTree.parse(one(second))
