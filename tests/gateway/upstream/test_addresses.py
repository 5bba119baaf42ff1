"""Addresses in answers become the gateway's own, and what clients ask for becomes theirs again."""

import pytest

from harness.gateway.upstream.addresses import (
    AddressError,
    Addresses,
    origin_of,
    require_registry_url,
)

OWN = "http://127.0.0.1:5000"
BLOB = "/v2/app/blobs/sha256:ab"


def addresses() -> Addresses:
    return Addresses("https://registry.example", ("auth.example", "cdn.example:8443"))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("/v2/app/blobs/uploads/7?_state=x%3D", "/v2/app/blobs/uploads/7?_state=x%3D"),
        ("uploads/7", "uploads/7"),
        ("https://registry.example/v2/a?x=1", f"{OWN}/v2/a?x=1"),
        ("https://REGISTRY.example:443/v2/a", f"{OWN}/v2/a"),
        ("//registry.example/v2/a", f"{OWN}/v2/a"),
        (
            "https://cdn.example:8443/b?sig=a%2Fb&e=1",
            f"{OWN}{BLOB}?harness-to=https%3A%2F%2Fcdn.example%3A8443%2Fb%3Fsig%3Da%252Fb%26e%3D1",
        ),
    ],
)
def test_a_location_leads_back_to_the_gateway(value: str, wanted: str) -> None:
    """Relative ones as they are, the upstream's at our address, allowed hosts' by our path."""
    assert addresses().location(value, OWN, BLOB) == wanted


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("https://evil.example/x", "evil.example, which --allow-registry does not allow"),
        ("http://169.254.169.254/latest", "which --allow-registry does not allow"),
        ("https://cdn.example/x", "which --allow-registry does not allow"),
        ("http://auth.example/x", "without TLS"),
        ("https://registry.example@evil.example/", "holds a login"),
        ("https://u:p@registry.example/", "holds a login"),
        ("file:///etc/passwd", "no address of http"),
        ("https://[::1", "no address"),
        ("https://registry.example:99999/", "no address"),
        ("https://registry.example/ b", "no address"),
        ("", "no address"),
        ("/" + "a" * 9000, "at most 8192 bytes, got 9001"),
    ],
)
def test_an_absurd_location_is_refused_with_its_reason(value: str, said: str) -> None:
    with pytest.raises(AddressError, match=said.replace("[", r"\[")):
        addresses().location(value, OWN, BLOB)


def test_what_was_led_elsewhere_is_asked_there_without_the_clients_credentials() -> None:
    """Further parameters of the query go along; a host that is not allowed is not asked."""
    place = addresses().location("https://cdn.example:8443/b?sig=a%2Fb", OWN, BLOB)
    path, _, query = place.removeprefix(OWN).partition("?")
    target = addresses().target(path.encode(), query.encode() + b"&digest=d")
    assert target.origin == origin_of("https://cdn.example:8443")
    assert target.path == b"/b?sig=a%2Fb&digest=d"
    assert not target.trusted
    for wish in (b"http://evil.example/", b"https://evil.example/", b"", b"%0d%0aHost:x"):
        with pytest.raises(AddressError):
            addresses().target(b"/v2/", b"harness-to=" + wish)


def test_tokens_are_requested_where_the_realm_was() -> None:
    """The realm is the gateway's; what a client asks there goes to the realm's own host."""
    seen = addresses()
    challenge = 'Bearer realm="https://auth.example/t?a=1",service="s",scope="repository:app:pull"'
    assert seen.challenge(challenge, OWN) == (
        f'Bearer realm="{OWN}/token",service="s",scope="repository:app:pull"'
    )
    target = seen.target(b"/token", b"service=s")
    assert (target.origin.host, target.path) == ("auth.example", b"/t?a=1&service=s")
    assert target.trusted
    assert seen.challenge('Bearer realm="/auth"', OWN) == f'Bearer realm="{OWN}/token"'
    assert seen.challenge('Basic realm="registry"', OWN) == 'Basic realm="registry"'
    with pytest.raises(AddressError, match=r"realm: leads to evil\.example"):
        seen.challenge('Bearer realm="https://evil.example/t"', OWN)
    with pytest.raises(AddressError, match="without TLS"):
        seen.challenge('Bearer realm="http://auth.example/t"', OWN)


def test_a_list_goes_on_at_the_gateway() -> None:
    """Only links to the upstream are ours to change."""
    link = addresses().link
    assert link('<https://registry.example/v2/_catalog?n=1>; rel="next"', OWN) == (
        f'<{OWN}/v2/_catalog?n=1>; rel="next"'
    )
    for kept in ('</v2/_catalog?n=1>; rel="next"', "<https://else.example/x>", "<<<", ""):
        assert link(kept, OWN) == kept


def test_a_tag_of_the_run_has_a_name_of_its_own_upstream() -> None:
    """And only that tag, of that repository."""
    seen = addresses()
    seen.rename_tag("app", "v1", "v1-abc")
    assert seen.target(b"/v2/app/manifests/v1", b"").path == b"/v2/app/manifests/v1-abc"
    for path in (b"/v2/app/manifests/v2", b"/v2/other/manifests/v1", b"/v2/../manifests/v1"):
        assert seen.target(path, b"").path == path


@pytest.mark.parametrize(
    "url",
    ["registry.example", "ftp://r.example", "https://", "https://r.example/v2/", "http://u:p@r:1"],
)
def test_a_registry_is_an_address_and_no_more(url: str) -> None:
    with pytest.raises(AddressError):
        require_registry_url(url)
    require_registry_url("https://r.example:5000")
    require_registry_url("http://[::1]:5000/")
