"""Values as JSON can say them: without NaN, infinities and lone surrogates."""

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """`value` with everything that JSON lacks replaced: NaN and infinities become null."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no UTF-8
    return value


def finite(value: float) -> float | None:
    """`value`, or None for NaN and infinities."""
    return float(value) if math.isfinite(value) else None
