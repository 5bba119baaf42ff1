"""What a user's own cluster can carry: its nodes are not the harness's to change."""

import ipaddress
from collections.abc import Iterator

from harness.scenario.complaints import Path, got
from harness.scenario.environment_model import NODE_SETTINGS, Cluster
from harness.scenario.fault_checks import Faults, Problem
from harness.scenario.model import ScenarioBody
from harness.seams import Seam

_OWN = ("context", "registry_host", "registry_port")
_AT: Path = ("environment", "cluster")


def existing_fits(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    """An existing cluster is named and reachable, and nothing asks for changes in its nodes."""
    cluster = body.environment.cluster
    if cluster.provider != "existing":
        given = [key for key in _OWN if key in cluster.model_fields_set]
        yield from (((*_AT, key), "is for provider: existing only") for key in given)
        return
    if not cluster.context:
        yield (*_AT, "provider"), "existing needs context: the name of a kube-context"
    yield from _host_fits(cluster)
    for key in sorted(NODE_SETTINGS & cluster.model_fields_set):
        yield (*_AT, key), "is the node's own: provider: existing changes no settings of nodes"
    if cluster.image is not None:
        yield (*_AT, "image"), "is for provider: kind only"
    if body.environment.link == "none":
        yield ("environment", "link"), "must not be none: nodes of provider: existing pull from it"
    if body.environment.network.node_bytes_per_s is not None:
        rule = "cannot be kept apart: all nodes of provider: existing pull from one listener"
        yield ("environment", "network", "node"), rule
    yield from _faults_fit(faults)


def _host_fits(cluster: Cluster) -> Iterator[Problem]:
    host = cluster.registry_host
    if host is None:
        rule = "existing needs registry_host: the address at which its nodes reach this machine"
        yield (*_AT, "provider"), rule
        return
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        yield (*_AT, "registry_host"), f"must be an IPv4 address of this machine, got {got(host)}"
        return
    if address.is_unspecified or address.is_multicast:
        yield (*_AT, "registry_host"), f"must be one address of this machine, got {got(host)}"


def _faults_fit(faults: Faults) -> Iterator[Problem]:
    for index, entry in (*faults.right, *faults.salvaged):
        at: Path = ("faults", index)
        if entry.occurrence.where.nodes is not None:
            rule = "cannot be chosen: all nodes of provider: existing pull from one listener"
            yield (*at, "where", "nodes"), rule
        if Seam.LINK in entry.fault.seams_needed() and getattr(entry.fault, "share", 1.0) < 1:
            rule = "must be 100% of the nodes: those of provider: existing pull from one listener"
            yield (*at, entry.word, "share"), rule
