"""crane, oras and skopeo push, pull, list, copy and delete, with tokens, TLS or neither."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.distribution import require_distribution
from tests.go_tools import CRANE, ORAS, require_go_tool
from tests.standing import Standing, standing

_LIMIT_S = 60
# What `harness up` is set to. Each client is told whatever a row needs it to know.
ENVIRONMENTS = {
    "open": ("environment.registry.auth=none",),
    "tokens": ("environment.registry.auth=token",),
    "tokens and TLS": ("environment.registry.tls=true",),
    "distribution": ("environment.registry.provider=distribution",),
    "distribution and TLS": (
        "environment.registry.provider=distribution",
        "environment.registry.tls=true",
    ),
}
CONTENT = b"what a client pushes\n" * 1000


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Runs a client's commands in a folder of its own, with its own Docker configuration."""

    folder: Path
    up: Standing

    @property
    def host(self) -> str:
        return self.up.through_link

    @property
    def plain(self) -> bool:
        return self.up.scheme == "http"

    def run(self, *argv: str | Path, fails: bool = False, stdin: str = "") -> str:
        """What the command says on stdout. It must succeed, or fail when `fails`."""
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=self.folder,
            env={**os.environ, **self.variables()},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def variables(self) -> dict[str, str]:
        """Where the client's own files are, and whom it trusts: Go's programs read it there."""
        authority = self.up.told["registry"]["ca_file"]
        return {
            "HOME": str(self.folder),
            "DOCKER_CONFIG": str(self.folder),
            "REGISTRY_AUTH_FILE": str(self.folder / "config.json"),
            **({"SSL_CERT_FILE": authority} if authority else {}),
        }


def _marked(name: str) -> Any:
    marks = [pytest.mark.distribution] if name.startswith("distribution") else []
    return pytest.param(name, marks=marks)


@pytest.fixture(params=map(_marked, ENVIRONMENTS), scope="module")
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    if request.param.startswith("distribution"):
        require_distribution()
    folder = tmp_path_factory.mktemp("clients")
    settings = [word for setting in ENVIRONMENTS[request.param] for word in ("--set", setting)]
    with standing(folder, *settings) as up:
        yield Shell(folder=folder, up=up)


@pytest.mark.clients
def test_crane(shell: Shell) -> None:
    """Google's client, as build systems use it."""
    crane, host = require_go_tool(CRANE, "clients"), shell.host
    layer = shell.folder / "layer.tar"
    (shell.folder / "file").write_bytes(CONTENT)
    with tarfile.open(layer, "w") as archive:
        archive.add(shell.folder / "file", "file")
    if shell.up.username:
        shell.run(crane, "digest", f"{host}/team/crane:v1", fails=True)
        shell.run(
            crane, "auth", "login", host, "-u", shell.up.username, "--password-stdin",
            stdin=shell.up.password,
        )  # fmt: skip
    shell.run(crane, "validate", "--remote", f"{host}/{shell.up.image}")
    shell.run(crane, "append", "-f", layer, "-t", f"{host}/team/crane:v1")
    shell.run(crane, "tag", f"{host}/team/crane:v1", "v2")
    shell.run(crane, "pull", f"{host}/team/crane:v1", "pulled.tar")
    shell.run(crane, "push", "pulled.tar", f"{host}/team/again:v1")
    shell.run(crane, "copy", f"{host}/{shell.up.image}", f"{host}/team/copied:v1")
    digest = shell.run(crane, "digest", f"{host}/{shell.up.image}").strip()
    assert shell.run(crane, "digest", f"{host}/team/copied:v1").strip() == digest
    assert shell.run(crane, "ls", f"{host}/team/crane").split() == ["v1", "v2"]
    assert "file" in _names_in(shell.run(crane, "manifest", f"{host}/team/crane:v1"), shell, crane)
    shell.run(crane, "delete", f"{host}/team/copied@{digest}")
    shell.run(crane, "manifest", f"{host}/team/copied:v1", fails=True)


def _names_in(manifest: str, shell: Shell, crane: Path) -> list[str]:
    """The files in the only layer of `team/crane`, read back from the registry."""
    (layer,) = json.loads(manifest)["layers"]
    read = subprocess.run(
        [str(crane), "blob", f"{shell.host}/team/crane@{layer['digest']}"],
        env={**os.environ, **shell.variables()},
        capture_output=True,
        timeout=_LIMIT_S,
        check=True,
    ).stdout
    path = shell.folder / "read-back.tar.gz"
    path.write_bytes(read)
    with tarfile.open(path) as archive:
        return archive.getnames()


@pytest.mark.clients
def test_oras(shell: Shell) -> None:
    """Artefacts, and what refers to them."""
    oras, host = require_go_tool(ORAS, "clients"), shell.host
    plain = ["--plain-http"] if shell.plain else []
    both = ["--from-plain-http", "--to-plain-http"] if shell.plain else []
    (shell.folder / "artefact.txt").write_bytes(CONTENT)
    (shell.folder / "sbom.txt").write_bytes(b"parts\n")
    if shell.up.username:
        shell.run(oras, "repo", "tags", *plain, f"{host}/team/oras", fails=True)
        shell.run(
            oras, "login", *plain, host, "-u", shell.up.username, "--password-stdin",
            stdin=shell.up.password,
        )  # fmt: skip
    shell.run(oras, "push", *plain, f"{host}/team/oras:v1", "artefact.txt:text/plain")
    shell.run(
        oras, "attach", *plain, f"{host}/team/oras:v1", "--artifact-type", "text/sbom",
        "sbom.txt:text/plain",
    )  # fmt: skip
    seen = shell.run(oras, "discover", *plain, "--format", "json", f"{host}/team/oras:v1")
    (referrer,) = json.loads(seen)["referrers"]
    assert referrer["artifactType"] == "text/sbom"
    (shell.folder / "out").mkdir(exist_ok=True)
    shell.run(oras, "pull", *plain, f"{host}/team/oras:v1", "-o", "out")
    assert (shell.folder / "out" / "artefact.txt").read_bytes() == CONTENT
    shell.run(oras, "cp", "-r", *both, f"{host}/team/oras:v1", f"{host}/team/oras-copy:v1")
    assert "v1" in shell.run(oras, "repo", "tags", *plain, f"{host}/team/oras-copy").split()
    shell.run(oras, "manifest", "delete", *plain, "-f", f"{host}/team/oras-copy:v1")
    shell.run(oras, "manifest", "fetch", *plain, f"{host}/team/oras-copy:v1", fails=True)


@pytest.mark.skopeo
def test_skopeo(shell: Shell) -> None:
    """Containers' own client, which Podman and CRI-O share their code with."""
    found = shutil.which("skopeo")
    if found is None:
        pytest.skip("skopeo is not on PATH")
    skopeo, host = Path(found), shell.host
    ours = "docker://" + host
    anyone = "--insecure-policy"  # whose signature is asked for is not the point here
    plain = ["--tls-verify=false"] if shell.plain else []
    copy = ["--src-tls-verify=false", "--dest-tls-verify=false"] if shell.plain else []
    if shell.up.username:
        shell.run(skopeo, "list-tags", *plain, f"{ours}/team/skopeo", fails=True)
        shell.run(
            skopeo, "login", *plain, host, "-u", shell.up.username, "--password-stdin",
            stdin=shell.up.password,
        )  # fmt: skip
    layout = f"oci:{shell.folder / 'layout'}:v1"
    shell.run(skopeo, anyone, "copy", *copy, f"{ours}/{shell.up.image}", layout)
    shell.run(skopeo, anyone, "copy", *copy, layout, f"{ours}/team/skopeo:v1")
    shell.run(skopeo, anyone, "copy", *copy, f"{ours}/team/skopeo:v1", f"{ours}/team/skopeo:v2")
    told = json.loads(shell.run(skopeo, "inspect", *plain, f"{ours}/team/skopeo:v1"))
    assert told["Digest"] == shell.up.told["images"][shell.up.image]["digest"]
    listed = json.loads(shell.run(skopeo, "list-tags", *plain, f"{ours}/team/skopeo"))
    assert listed["Tags"] == ["v1", "v2"]
    shell.run(skopeo, "delete", *plain, f"{ours}/team/skopeo:v1")
    shell.run(skopeo, "inspect", *plain, f"{ours}/team/skopeo:v1", fails=True)
