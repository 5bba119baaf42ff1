"""Toxiproxy's own tests of its API, in Go with its own client: run against another server.

They start a server in their process. In a copy for the time of the test that server is left unused:
the same tests then speak to the address that they are given.
"""

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Final

MODULE: Final = "github.com/Shopify/toxiproxy/v2@v2.12.0"
_LIMIT_S: Final = 300
_TEST_FILE: Final = "api_test.go"
_TEST: Final = re.compile(r"^func (Test\w+)\(", re.MULTILINE)
_LISTENED_ON: Final = ("3310", "3311", "7070", "7373", "7575")  # the ports of their proxies
_SERVER: Final = (
    ('go testServer.Listen("localhost:8475")', ""),
    ("testServer.Collection.Clear()", "clearServer()"),
    (r"{\"version\": \"git\"}", r"{\"version\": \"2.12.0\"}"),  # of a build without a stamp
    (":8475", ":{port}"),
)
_CLEAR: Final = """
func clearServer() error {
	proxies, err := client.Proxies()
	for _, proxy := range proxies {
		if err := proxy.Delete(); err != nil {
			return err
		}
	}
	return err
}
"""


def copied_module(go: str, folder: Path) -> Path:
    """Toxiproxy's source below `folder`, by Go. Raises CalledProcessError, TimeoutExpired."""
    done = subprocess.run(
        [go, "mod", "download", "-json", MODULE],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=True,
    )
    with zipfile.ZipFile(json.loads(done.stdout)["Zip"]) as archive:
        archive.extractall(folder)
    return folder / MODULE


def run_tests(go: str, module: Path, *, port: int, free_ports: list[int]) -> dict[str, str]:
    """Every test of the API against the server at `port`: its outcome, `pass` when all is well.

    `module`: a copy, which is changed. `free_ports`: five, for the proxies that the tests make.
    Raises TimeoutExpired.
    """
    source = (module / _TEST_FILE).read_text(encoding="utf-8")
    names = _TEST.findall(source)
    for old, new in _SERVER:
        assert old in source, f"{MODULE}/{_TEST_FILE} has no {old}"
        source = source.replace(old, new.format(port=port) if "{port}" in new else new)
    for old, free in zip(_LISTENED_ON, free_ports, strict=True):
        source = source.replace(f":{old}", f":{free}")
    (module / _TEST_FILE).write_text(source + _CLEAR, encoding="utf-8")
    chosen = f"^({'|'.join(names)})$"
    done = subprocess.run(
        [go, "test", "-json", "-count=1", "-vet=off", "-run", chosen, "."],
        cwd=module,
        env={**os.environ, "GOFLAGS": "", "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,  # its report says more
    )
    return _outcomes(names, done.stdout, done.stderr)


def _outcomes(names: list[str], report: str, complaint: str) -> dict[str, str]:
    """By test, also of those that the report does not have: `pass`, or all that was said."""
    said: dict[str, str] = dict.fromkeys(names, "")
    passed: set[str] = set()
    for line in report.splitlines():
        event = json.loads(line)
        name = event.get("Test")
        if name in said:
            said[name] += event.get("Output", "")
            if event["Action"] == "pass":
                passed.add(name)
    return {
        name: "pass" if name in passed else text or f"did not run: {complaint[-1000:]}"
        for name, text in said.items()
    }
