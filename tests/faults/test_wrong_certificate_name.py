"""wrong_certificate_name: its settings reach the handshakes."""

import pytest
from pydantic import ValidationError

from harness.faults.wrong_certificate_name import WrongCertificateName
from harness.seams import Certificate
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """Of every handshake in scope, or of a share."""
    fault = WrongCertificateName.model_validate({"name": "old.test", "share": "50%"})
    assert seam_call(fault) == (
        "tls",
        "certificate",
        (Certificate(name="old.test"),),
        {"share": 0.5},
    )


@pytest.mark.parametrize("name", ["", "-a.test", "a..test", "A.test", "a b", "*.test"])
def test_a_name_that_no_host_has_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        WrongCertificateName.model_validate({"name": name})
