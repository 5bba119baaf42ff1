"""The real Toxiproxy: where it is found, and which version is installed."""

from typing import Final

from harness.environment.go_program import GoProgram, SetupFailed

__all__ = [
    "TOXIPROXY",
    "TOXIPROXY_VERSION",
    "SetupFailed",
    "cached_toxiproxy",
    "find_toxiproxy",
    "install_toxiproxy",
]

TOXIPROXY_VERSION: Final = "2.12.0"
_MODULE: Final = "github.com/Shopify/toxiproxy/v2"
TOXIPROXY: Final = GoProgram(
    title="Toxiproxy",
    name="toxiproxy-server",
    package=f"{_MODULE}/cmd/server",
    version=TOXIPROXY_VERSION,
    stamp=f"-X {_MODULE}.Version={TOXIPROXY_VERSION}",  # without it the server says `git`
)

cached_toxiproxy = TOXIPROXY.cached
find_toxiproxy = TOXIPROXY.find
install_toxiproxy = TOXIPROXY.install
