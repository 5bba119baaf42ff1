"""Which registry may be used, and as whom: what is refused, and where a login comes from."""

import base64
import json
from pathlib import Path

import pytest

from harness.environment.go_program import SetupFailed
from harness.environment.registry_settings import RegistrySettings
from harness.environment.upstream.access import (
    AccessRefused,
    UpstreamSettings,
    docker_login,
    upstream_settings,
)

EXTERNAL = RegistrySettings(provider="external", url="https://registry.example")


def settings(
    choice: RegistrySettings, cache: Path, *allowed: str, **environment: str
) -> UpstreamSettings | None:
    home = {"HOME": str(cache), "PATH": ""}
    return upstream_settings(
        choice, allowed=allowed, environment={**home, **environment}, cache_folder=cache
    )


def docker_config(folder: Path, entries: dict[str, str]) -> Path:
    auths = {
        name: {"auth": base64.b64encode(login.encode()).decode()} for name, login in entries.items()
    }
    path = folder / "config.json"
    path.write_text(json.dumps({"auths": auths}))
    return path


def test_the_embedded_registry_needs_nobodys_leave(tmp_path: Path) -> None:
    assert settings(RegistrySettings(provider="embedded"), tmp_path) is None


def test_an_external_registry_must_be_allowed_by_name(tmp_path: Path) -> None:
    """Another host's leave is none; case and the scheme's own port do not matter."""
    for allowed in ((), ("example",), ("registry.example:5000",)):
        with pytest.raises(AccessRefused, match="allow it by name with --allow-registry"):
            settings(EXTERNAL, tmp_path, *allowed)
    found = settings(EXTERNAL, tmp_path, "Registry.Example", "auth.example")
    assert found is not None
    assert found.allowed == ("registry.example", "auth.example")
    assert (found.username, found.password) == ("", "")


def test_a_login_comes_from_the_variables_that_the_scenario_names(tmp_path: Path) -> None:
    """One that is not set is told by its name; no value is ever in a message or a repr."""
    docker_config(tmp_path, {"registry.example": "other:no"})
    choice = RegistrySettings(
        provider="external",
        url="https://registry.example",
        login_from=("R_USER", "R_PASS"),
    )
    found = settings(
        choice, tmp_path, "registry.example", R_USER="u", R_PASS="s3cret", DOCKER_CONFIG="x"
    )
    assert found is not None
    assert (found.username, found.password) == ("u", "s3cret")
    assert "s3cret" not in repr(found)
    with pytest.raises(AccessRefused, match="R_PASS is not set") as refused:
        settings(choice, tmp_path, "registry.example", R_USER="u5er")
    assert "u5er" not in str(refused.value)


def test_else_from_dockers_configuration(tmp_path: Path) -> None:
    """Under any of the names that clients keep it by."""
    for name in ("registry.example", "https://registry.example", "https://registry.example/v2/"):
        docker_config(tmp_path, {"other.example": "x:y", name: "u:p:q"})
        found = settings(EXTERNAL, tmp_path, "registry.example", DOCKER_CONFIG=str(tmp_path))
        assert found is not None
        assert (found.username, found.password) == ("u", "p:q")
    path = docker_config(tmp_path, {"https://index.docker.io/v1/": "hub:p"})
    assert docker_login(path, "registry-1.docker.io") == ("hub", "p")
    assert docker_login(path, "registry.example") == ("", "")
    assert docker_login(tmp_path / "none.json", "registry.example") == ("", "")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"auths": 1}', '{"auths": {"h": {"auth": "%"}}}', '{"auths":{"h":1}}']
)
def test_a_configuration_that_is_none_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(AccessRefused, match="is no Docker configuration"):
        docker_login(path, "h")


def test_distribution_is_looked_for_and_its_want_is_reported(tmp_path: Path) -> None:
    """Named, on PATH, in the cache; or how to get it."""
    choice = RegistrySettings(provider="distribution")
    with pytest.raises(SetupFailed, match="harness setup distribution"):
        settings(choice, tmp_path)
    with pytest.raises(SetupFailed, match=r"HARNESS_DISTRIBUTION: .* is not an executable"):
        settings(choice, tmp_path, HARNESS_DISTRIBUTION="/nowhere/registry")
    program = tmp_path / "bin" / "registry"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = settings(choice, tmp_path)
    assert found is not None
    assert found.program == program
