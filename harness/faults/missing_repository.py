"""missing_repository: repositories are not there, or are said not to be."""

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.faults._answers import OF_A_REPOSITORY, refusal
from harness.faults._fault import ContentFault
from harness.oci.errors import ErrorCode
from harness.seams import Injection, RefuseToken, Seams


class MissingRepository(ContentFault):
    """Repositories do not exist, or the registry says so.

    `on: rest` removes them with all their content. `on: wire` only answers as if: `answer:
    not_found` with 404 NAME_UNKNOWN, `answer: denied` with 401 and `error="insufficient_scope"`,
    as Docker Hub does for both private and non-existent repositories, so that nobody can tell them
    apart.
    Seen as: `failed to resolve reference "R": R: not found`, or `pull access denied, repository
    does not exist or may require authorization: server message: insufficient_scope: authorization
    failed`.
    """

    area = "repositories"
    example = "{on: rest}"
    request_kinds = OF_A_REPOSITORY

    answer: Literal["not_found", "denied"] = Field(
        "not_found", description="on the wire: how it is said"
    )

    @model_validator(mode="after")
    def _answers_on_the_wire(self) -> Self:
        if self.on == "rest" and (self.answer == "denied" or self.share < 1):
            raise ValueError("on rest: takes no answer: denied and no share, all are gone")
        return self

    def inject(self, seams: Seams) -> Injection:
        if self.on == "rest":
            return seams.store.renamed(suffix=None)
        if self.answer == "denied":
            return seams.gateway.rule(
                RefuseToken(error="insufficient_scope"),
                kinds=self.request_kinds,
                share=self.share,
                authenticated=True,
            )
        return seams.gateway.rule(
            refusal(ErrorCode.NAME_UNKNOWN), kinds=self.request_kinds, share=self.share
        )
