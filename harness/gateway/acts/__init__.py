"""What acts do, one file each, found by looking at this folder.

The data of an act is in `harness.seams.acts`; what it does is in the file that is called as its
`act` field says.
"""

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any

from harness.gateway.acts._behaviour import Behaviour, Meter, OwnAnswer, RuleContext, Verdict
from harness.seams import Act

__all__ = [
    "Behaviour",
    "Meter",
    "OwnAnswer",
    "RuleContext",
    "Verdict",
    "behaviour_of",
    "behaviours",
]


@cache
def behaviours() -> dict[str, type[Behaviour[Any]]]:
    """Every behaviour by its act's name. Raises TypeError for a file without exactly one."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name[0] != "_")
    return {name: _only_one(importlib.import_module(f"{__name__}.{name}")) for name in names}


def behaviour_of(act: Act, context: RuleContext) -> Behaviour[Any]:
    """A new behaviour, for one rule."""
    return behaviours()[act.act](act, context)


def _only_one(module: ModuleType) -> type[Behaviour[Any]]:
    own = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Behaviour) and kind.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise TypeError(f"{module.__name__}: must hold exactly one behaviour, holds {len(own)}")
    return own[0]
