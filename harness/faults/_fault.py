"""What every fault is: settings with units in their names, and one verb."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from harness.chance import Chance
from harness.seams import RequestKind, Seam, Seams

WhereKey = Literal["repository", "kinds", "layers", "nodes"]


class Fault(BaseModel, ABC):
    """Settings of one fault, frozen, refused at plan time when impossible.

    The class's docstring is its catalogue entry: first line what goes wrong and for whom, then
    what happens on the wire and what a node reports ("Seen as: ...").
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True)

    word: ClassVar[str]  # set by the catalogue from the file's name
    area: ClassVar[str]  # connectivity, dns, authentication, images, quota, ...
    example: ClassVar[str]  # YAML of one `faults:` entry's settings, runnable as written
    where_keys: ClassVar[frozenset[WhereKey]]  # what `where` may narrow
    request_kinds: ClassVar[tuple[RequestKind, ...]] = ()  # gateway faults: what they bite

    @abstractmethod
    def seams_needed(self) -> frozenset[Seam]:
        """The seams that these settings bite; the plan refuses an environment without them."""

    @abstractmethod
    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        """Let it go wrong until the block is left; leaving heals, whatever was raised."""
