"""The faults, one file each, found by looking at this folder."""

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType

from harness.faults._fault import Fault

__all__ = ["Fault", "catalogue"]


@cache
def catalogue() -> dict[str, type[Fault]]:
    """Every fault by its scenario word, which is its file's name; `_` hides a file.

    Raises TypeError for a module without exactly one fault of its own.
    """
    words = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name[0] != "_")
    return {word: _only_fault(importlib.import_module(f"{__name__}.{word}")) for word in words}


def _only_fault(module: ModuleType) -> type[Fault]:
    own = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Fault) and kind.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise TypeError(f"{module.__name__}: must hold exactly one fault, holds {len(own)}")
    own[0].word = module.__name__.rpartition(".")[2]
    return own[0]
