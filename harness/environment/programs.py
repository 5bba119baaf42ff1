"""Real programs that the harness can use in place of its own parts, or beside them."""

from typing import Final

from harness.environment.go_program import GoProgram

_TOXIPROXY: Final = "github.com/Shopify/toxiproxy/v2"
TOXIPROXY: Final = GoProgram(
    title="Toxiproxy",
    name="toxiproxy-server",
    package=f"{_TOXIPROXY}/cmd/server",
    version="2.12.0",
    stamp=f"-X {_TOXIPROXY}.Version=2.12.0",  # without it the server says `git`
)

KIND_LEAST_VERSION: Final = (0, 20)  # May 2023; what is older was never tried

KIND: Final = GoProgram(title="kind", name="kind", package="sigs.k8s.io/kind", version="0.33.0")
_DISTRIBUTION: Final = "github.com/distribution/distribution/v3"
DISTRIBUTION: Final = GoProgram(
    title="distribution",
    name="registry",
    package=f"{_DISTRIBUTION}/cmd/registry",
    version="3.1.1",
    stamp=f"-X {_DISTRIBUTION}/version.version=v3.1.1",
)

PROGRAMS: Final = {"toxiproxy": TOXIPROXY, "kind": KIND, "distribution": DISTRIBUTION}
