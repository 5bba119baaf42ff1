"""What a pre-flight check found."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding. `found` says what is there, `fix` what to do about it ("" for nothing)."""

    name: str
    status: Status
    found: str
    fix: str = ""
