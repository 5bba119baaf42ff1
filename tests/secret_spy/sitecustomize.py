"""Python runs this at its start where it is on the path: it tells a test every secret it makes.

Passwords and the like (`secrets.token_urlsafe`), tokens (`jwt.encode`) and private keys go to the
file that SECRETS_MADE names, one JSON string a line.
"""

import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MADE = Path(os.environ["SECRETS_MADE"])


def _noted(make: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*arguments: Any, **named: Any) -> Any:
        made = make(*arguments, **named)
        with _MADE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made) + "\n")
        return made

    return noted


# Locust wants to be the first that imports ssl; its process makes no secrets.
if "harness.load.users" not in sys.orig_argv:
    import jwt

    from harness.environment.authority import Authority

    secrets.token_urlsafe = _noted(secrets.token_urlsafe)
    jwt.encode = _noted(jwt.encode)
    setattr(Authority, "certificate", _noted(Authority.certificate))  # noqa: B010  a method
