"""What fields of the scenario are made of: strict models, names and numbers."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)
from pydantic import Strict as Exactly

from harness.oci.reference import is_repository


class Strict(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


def _slug(value: str) -> str:
    if not is_repository(value) or "/" in value:
        raise ValueError("must be lower-case letters and digits, with . _ - between them")
    return value


def _repository(value: str) -> str:
    if not is_repository(value):
        raise ValueError("must be a repository name, as app or team/app")
    return value


def _selection(value: Any) -> Any:
    """`0-3,7`, or the same as a number or a list."""
    parts = value if isinstance(value, list) else [value]
    if not parts or any(isinstance(it, bool) or not isinstance(it, int | str) for it in parts):
        raise ValueError("must be numbers and ranges, as 0-3,7")
    return ",".join(map(str, parts))


Selection = Annotated[
    str, BeforeValidator(_selection, json_schema_input_type=str | int | list[str | int])
]
Number = Annotated[float, Exactly()]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Slug = Annotated[str, Field(max_length=100), AfterValidator(_slug)]
Repository = Annotated[str, Field(max_length=200), AfterValidator(_repository)]
