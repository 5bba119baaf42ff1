"""5xx as the registry says it, or as a proxy before it does."""

from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.server_errors import ServerErrors
from harness.node.texts import registry_errors
from harness.seams import RequestKind
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (500, "application/json", "unknown"),
        (502, "text/html", ""),
        (503, "application/json", "unavailable"),
        (504, "text/html", ""),
    ],
)
def test_the_answer_is_that_of_whoever_gives_it(status: int, kind: str, said: str) -> None:
    """The registry's JSON, which a node prints in one word, or a proxy's page, which it leaves."""
    fault = ServerErrors.model_validate({"status": status, "share": "20%"})
    seam, verb, (act,), named = seam_call(fault)
    assert (seam, verb, act.status, dict(act.headers)) == (
        "gateway",
        "rule",
        status,
        {"Content-Type": kind},
    )
    assert registry_errors(act.body.encode()) == said
    assert named["share"] == 0.2
    assert {RequestKind.TOKEN, RequestKind.MANIFEST, RequestKind.BLOB} <= set(named["kinds"])


@pytest.mark.parametrize("settings", [{"status": 404}, {"status": "503"}, {"statuses": [500]}])
def test_it_refuses_what_cannot_be(settings: dict[str, Any]) -> None:
    """Only answers that say that the server is at fault."""
    with pytest.raises(ValidationError, match="status"):
        ServerErrors.model_validate(settings)
