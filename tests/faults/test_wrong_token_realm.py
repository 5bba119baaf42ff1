"""The challenge names a realm that leads nowhere."""

import pytest

from harness.faults._answers import CHALLENGED
from harness.faults.wrong_token_realm import WrongTokenRealm
from harness.seams import MisdirectToken
from tests.stand_ins import seam_call


@pytest.mark.parametrize(
    ("wrong", "act"),
    [
        ("path", MisdirectToken(path="/no-such/token")),
        ("host", MisdirectToken(host="tokens.registry.invalid")),
        ("port", MisdirectToken(port=1)),
    ],
)
def test_one_part_of_the_realm_is_wrong(wrong: str, act: MisdirectToken) -> None:
    """The others stay as they are."""
    assert seam_call(WrongTokenRealm.model_validate({"wrong": wrong})) == (
        "gateway",
        "rule",
        (act,),
        {"kinds": CHALLENGED, "share": 1.0},
    )
