"""Whether an environment can carry a fault: asked of a scenario, of `up` and of the fixture."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.faults import Fault
from harness.registry.profile import ProfileName
from harness.registry.profiles import PROFILES
from harness.seams import Seam

Logins = Literal["none", "basic", "bearer"]


def logins_of(
    provider: Literal["embedded", "distribution", "external"],
    auth: Literal["token", "none"],
    profile: ProfileName,
) -> Logins:
    """How clients log in: bearer has a token service, basic has none.

    An external registry asks for what it likes: a token, as a rule.
    """
    if provider == "external":
        return "bearer"
    return "none" if auth == "none" else PROFILES[profile].scheme


@dataclass(frozen=True, kw_only=True)
class FaultSupport:
    """What there is to inject faults into, in the words of a scenario.

    `clients_only`: an environment of `up`, where no pods are started on the nodes.
    """

    link: Literal["auto", "embedded", "toxiproxy", "none"]
    provider: Literal["embedded", "distribution", "external"]
    tls: bool
    logins: Logins
    cluster: Literal["simulated", "emulated", "kind", "existing"]
    clients_only: bool = False

    def problems(self, fault: Fault) -> Iterator[str]:
        """Why `fault` cannot be injected here; nothing when it can."""
        needed = fault.seams_needed()
        if Seam.LINK in needed and self.link == "none":
            yield "needs a link, and environment.link is none"
        if fault.embedded_link_only and self.link == "toxiproxy":
            yield "needs the embedded link; the real Toxiproxy cannot do this"
        if Seam.STORE in needed and self.provider != "embedded":
            rule = "changes stored content, which needs provider: embedded"
            yield f"{rule}, got {self.provider}"
        if Seam.TLS in needed and not self.tls:
            yield "needs environment.registry.tls: true (up: --tls)"
        if fault.login_needed and self.logins == "none":
            yield "is about logins, and there are none: set environment.registry.auth: token"
        elif fault.login_needed == "tokens" and self.logins == "basic":
            yield "is about tokens, and this profile of the registry has no token service"
        if Seam.RESOLVER in needed and self.cluster == "existing":
            yield "needs the harness's resolver, which nodes of provider: existing do not use"
        if Seam.CLUSTER in needed and self.clients_only:
            yield "changes nodes, and `harness up` has none; use `harness run`"
        elif fault.changes_nodes and self.cluster == "existing":
            yield "changes nodes, which is not allowed with provider: existing"
