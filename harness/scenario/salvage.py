"""A scenario with mistakes, made whole enough that the rest of it can be checked as well."""

import copy
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.scenario.complaints import Path

Model = TypeVar("Model", bound=BaseModel)

# Something right for every kind of value; complaints about a place with a stand-in are dropped.
_STAND_INS: tuple[Any, ...] = ("1s", 100, "1MiB", "1/s", 0.5, "app", {}, [], "before", True)
_ROUNDS = 4 * len(_STAND_INS)


def salvage(kind: type[Model], data: Any) -> Model | None:
    """`data` as `kind`, unknown keys dropped and wrong values replaced; None if that fails.

    A list keeps its length, so that what comes behind a mistake keeps its place.
    """
    data, tried = copy.deepcopy(data), dict[Path, int]()
    for _ in range(_ROUNDS):
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                if not _salvage_one(data, tuple(problem["loc"]), problem["type"], tried):
                    return None
    return None


def _salvage_one(data: Any, path: Path, problem: str, tried: dict[Path, int]) -> bool:
    """Put the next stand-in at `path`, or drop the key that nobody knows."""
    holder = _holder(data, path)
    number = tried[path] = tried.get(path, -1) + 1
    spent = number >= len(_STAND_INS)
    if holder is None or number > len(_STAND_INS):
        return False
    if isinstance(holder, dict) and (spent or problem == "extra_forbidden"):
        holder.pop(path[-1], None)  # a choice among words has a default, if anything
        return True
    if spent:
        return False
    try:
        holder[path[-1]] = copy.deepcopy(_STAND_INS[number])
    except (IndexError, TypeError):
        return False
    return True


def _holder(data: Any, path: Path) -> Any:
    """The mapping or list that holds the last step of `path`; None when there is none."""
    for step in path[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data if path and isinstance(data, dict | list) else None
