"""Dead storage: a redirect to where nobody listens, or no answer."""

from urllib.parse import urlsplit

from harness.faults.redirect_to_dead_storage import RedirectToDeadStorage
from harness.seams import Hang, RequestKind, Respond
from tests.stand_ins import seam_call


def test_refused_sends_the_node_to_its_own_loopback() -> None:
    """No other machine is asked; who is not logged in is asked to log in first."""
    _, _, (act,), settings = seam_call(RedirectToDeadStorage.model_validate({}))
    assert isinstance(act, Respond)
    assert (act.status, act.behind_login) == (307, True)
    assert urlsplit(dict(act.headers)["Location"]).netloc == "127.0.0.1:1"
    assert settings == {"kinds": (RequestKind.BLOB,), "methods": ("GET",), "share": 1.0}


def test_hangs_answers_nothing() -> None:
    _, _, (act,), _ = seam_call(RedirectToDeadStorage.model_validate({"how": "hangs"}))
    assert act == Hang()
