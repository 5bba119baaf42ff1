"""Each act has one file of its own, and the rest of the gateway names none."""

import ast
import types
from pathlib import Path
from typing import get_args

import pytest

from harness.gateway import acts as package
from harness.gateway.acts import RuleContext, behaviour_of, behaviours
from harness.gateway.acts._behaviour import Behaviour, replace_header
from harness.gateway.request import GatewayRequest
from harness.seams import Act, Watch

GATEWAY = Path(package.__file__).parents[1]
ACTS = {kind.__name__: kind.act for kind in get_args(Act)}


def acts_in(source: str) -> set[str]:
    """The acts that `source` names: by their class, or by their word as a text."""
    nodes = list(ast.walk(ast.parse(source)))
    names = {it.id for it in nodes if isinstance(it, ast.Name)}
    names |= {it.attr for it in nodes if isinstance(it, ast.Attribute)}
    names |= {it.name for it in nodes if isinstance(it, ast.alias)}
    texts = {it.value for it in nodes if isinstance(it, ast.Constant)}
    return {kind for kind, word in ACTS.items() if kind in names or word in texts}


def test_each_act_has_a_file() -> None:
    """Called as the act's field `act` says; no file is left over."""
    assert sorted(behaviours()) == sorted(ACTS.values())


def test_the_rest_of_the_gateway_names_no_act() -> None:
    """Neither by its class nor by its word: a new act needs data and its file, and no other."""
    files = [it for it in GATEWAY.rglob("*.py") if it.parent.name != "acts"]
    assert len(files) > 10
    wrong = {
        str(file.relative_to(GATEWAY)): found
        for file in [*files, GATEWAY / "acts" / "__init__.py", GATEWAY / "acts" / "_behaviour.py"]
        if (found := acts_in(file.read_text(encoding="utf-8")))
    }
    assert wrong == {}


def test_names_are_seen_wherever_they_hide() -> None:
    """The rule above is worth what this finds."""
    source = 'from a import Queue as Q\nisinstance(it, seams.Delay) or Watch() or act == "respond"'
    assert acts_in(source) == {"Queue", "Delay", "Watch", "Respond"}


def test_a_file_holds_one_behaviour() -> None:
    """Another one would be lost without a word."""
    module = types.ModuleType("harness.gateway.acts.double")
    with pytest.raises(TypeError, match="double: must hold exactly one behaviour, holds 0"):
        package._only_one(module)
    for name in ("A", "B"):
        kind = type(name, (Behaviour,), {"__module__": module.__name__})
        setattr(module, name, kind)
    with pytest.raises(TypeError, match="holds 2"):
        package._only_one(module)


def test_hooks_do_nothing_by_default() -> None:
    """An act that does not answer says so when it is asked to."""
    request = GatewayRequest({"method": "GET", "path": "/v2/", "headers": []}, "n0")
    behaviour = behaviour_of(Watch(), RuleContext())
    assert behaviour.decide(request, 0.0).step == "join"
    assert not behaviour.always_matches(request)
    assert (behaviour.place(), behaviour.meter(), behaviour.delay_s()) == (None, None, None)
    with pytest.raises(TypeError, match="does not answer"):
        behaviour.answer(request)


def test_headers_are_replaced_whatever_their_case() -> None:
    """Others stay; a header that is not there changes nothing."""
    headers = [(b"ETag", b"a"), (b"X", b"b")]
    assert replace_header(headers, b"etag", str.upper)
    assert headers == [(b"ETag", b"A"), (b"X", b"b")]
    assert not replace_header(headers, b"etag", str.upper)
    assert not replace_header(headers, b"none", str.upper)
