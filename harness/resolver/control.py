"""What the harness may ask of the resolver over the leash: one message, one reply."""

from typing import Any

from harness.resolver.answers import NameServer
from harness.resolver.dns_rules import rule_from_json


def reply_to(server: NameServer, message: Any) -> dict[str, Any]:
    """Do what `message` asks and say so: `{"id", "ok": true, ...}` or `{"id", "error"}`.

    `{"id", "do": "add", "rule": {...}}` begins a rule, `{"id", "do": "remove", "rule": name}`
    ends one (or none), `{"id", "do": "bites"}` asks what every rule has changed so far.
    """
    if not isinstance(message, dict):
        return {"id": None, "error": f"message: an object is needed, got {message!r}"}
    reply: dict[str, Any] = {"id": message.get("id")}
    try:
        match message.get("do"):
            case "add":
                server.rules.add(rule_from_json(message["rule"]))
            case "remove":
                server.rules.remove(str(message["rule"]))
            case "bites":
                reply["bites"] = server.rules.bites()
            case other:
                return {**reply, "error": f"do: add, remove or bites, got {other!r}"}
    except (KeyError, TypeError, ValueError) as error:
        return {**reply, "error": f"rule: {type(error).__name__}: {error}"}
    return {**reply, "ok": True}
