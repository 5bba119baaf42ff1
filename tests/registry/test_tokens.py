"""Tokens: who gets which, and what one allows."""

from base64 import b64encode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.registry.tokens import (
    Account,
    TokenService,
    read_basic,
    read_scopes,
)

ACCOUNT = Account(username="robot", password="s3cret")


def test_token_allows_what_was_asked() -> None:
    """Of several scopes in one parameter each counts; others are not allowed."""
    tokens = TokenService(ACCOUNT, lifetime_s=60)
    grant = tokens.verify(tokens.issue("robot", ["repository:a/b:pull,push repository:c:pull"]))
    assert grant is not None
    assert grant.subject == "robot"
    assert grant.allows("a/b", "push")
    assert grant.allows("c", "pull")
    assert not grant.allows("c", "push")
    assert not grant.allows("a/b", "delete")
    assert not grant.allows("d", "pull")


@pytest.mark.parametrize(("anonymous_pull", "pulls"), [(False, False), (True, True)])
def test_nobody_gets_a_narrower_token(anonymous_pull: bool, pulls: bool) -> None:  # noqa: FBT001  a table
    """Without a login there is a token too, for pulling at most."""
    tokens = TokenService(ACCOUNT, lifetime_s=60, anonymous_pull=anonymous_pull)
    grant = tokens.verify(tokens.issue(None, ["repository:app:pull,push"]))
    assert grant is not None
    assert grant.allows("app", "pull") is pulls
    assert not grant.allows("app", "push")


def test_token_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its lifetime a token is worth nothing, also one that was seen before."""
    now_s = 1000.0
    monkeypatch.setattr("harness.registry.tokens.monotonic_s", lambda: now_s)
    tokens = TokenService(ACCOUNT, lifetime_s=60)
    seen, unseen = tokens.issue("robot", []), tokens.issue("robot", [])
    now_s = 1059.9
    assert tokens.verify(seen) is not None
    now_s = 1060.1
    assert tokens.verify(seen) is None
    assert tokens.verify(unseen) is None


def test_foreign_and_broken_tokens_are_worth_nothing() -> None:
    """Another secret, no signature, another use, and no token at all."""
    tokens = TokenService(ACCOUNT, lifetime_s=60)
    foreign = TokenService(ACCOUNT, lifetime_s=60).issue("robot", ["repository:app:pull"])
    unsigned = jwt.encode({"aud": "harness-registry", "use": "access"}, "", algorithm="none")
    refresh = tokens.issue_refresh("robot")
    for token in (foreign, unsigned, refresh, "", "a.b.c", "é" * 50):
        assert tokens.verify(token) is None
    assert tokens.refreshed_subject(refresh) == "robot"
    assert tokens.refreshed_subject(tokens.issue("robot", [])) is None


def test_many_tokens_are_not_all_remembered() -> None:
    """The memory of verified tokens has a limit, and forgetting ends none."""
    tokens = TokenService(ACCOUNT, lifetime_s=60)
    first = tokens.issue("robot", [])
    for _ in range(4200):
        assert tokens.verify(tokens.issue("robot", [])) is not None
    assert len(tokens._grants) <= 4096
    assert tokens.verify(first) is not None


def test_scopes_are_read_leniently() -> None:
    """What is no scope of a repository is passed over."""
    read = read_scopes(
        ["repository:app:pull,fly", "repository:app:push", "x", "repository:UP:pull"]
    )
    assert read == {"app": {"pull", "push"}}
    assert read_scopes(["repository:app:*"]) == {"app": {"pull", "push", "delete"}}


@given(st.text(max_size=40))
def test_any_basic_header_is_read(text: str) -> None:
    """Nothing in the header breaks the reading."""
    read_basic(text)
    read_basic(f"Basic {text}")
    wanted = ("robot", text)
    encoded = b64encode(f"robot:{text}".encode()).decode()
    assert read_basic(f"basic {encoded}") == wanted
