"""The conformance suite of the OCI distribution specification: run, and its report read."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

_LIMIT_S = 300
# Optional by the specification, and off by default. Manifests whose blobs are missing ("sparse")
# stay off: a registry may refuse them, and ours does.
_EVERY_API = {
    f"OCI_API_{name}": "true"
    for name in (
        "BLOBS_DIGEST_HEADER",
        "BLOBS_UPLOAD_CANCEL",
        "MANIFESTS_DIGEST_HEADER",
        "MANIFESTS_TAG_PARAM",
    )
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the suite says. `not_passed`: name and reason of every test that did not pass.

    `tests` is the suite's own sum, which counts some of the cases in its report more than once.
    """

    tests: int
    not_passed: tuple[str, ...]


def run_suite(
    program: Path,
    registry: str,
    results: Path,
    *,
    username: str = "",
    password: str = "",
    ca_file: str | None = None,
    repositories: tuple[str, str] = ("conformance/one", "conformance/two"),
) -> Report:
    """All of the suite against the registry at `registry` (host and port).

    `ca_file`: whom to trust with TLS; None for plain HTTP.
    Raises CalledProcessError, TimeoutExpired, OSError when there is no report.
    """
    subprocess.run(
        [str(program)],
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("OCI_")},
            **_EVERY_API,
            "OCI_VERSION": "dev",
            "OCI_REGISTRY": registry,
            "OCI_TLS": "enabled" if ca_file else "disabled",
            **({"SSL_CERT_FILE": ca_file} if ca_file else {}),
            "OCI_REPO1": repositories[0],
            "OCI_REPO2": repositories[1],
            "OCI_USERNAME": username,
            "OCI_PASSWORD": password,
            "OCI_RESULTS_DIR": str(results),
        },
        cwd=results,  # it reads a configuration where it is started
        capture_output=True,
        timeout=_LIMIT_S,
        check=False,  # its report says more
    )
    return read_report(results / "junit.xml")


def read_report(junit: Path) -> Report:
    """The report in `junit`. A test that was skipped or switched off has not passed."""
    root = ET.parse(junit).getroot()  # noqa: S314  the suite's own file
    return Report(
        tests=int(root.get("tests", "0")),
        not_passed=tuple(
            f"{case.get('classname')}/{case.get('name')}: {case.get('status')}: {_reason(case)}"
            for case in root.iter("testcase")
            if case.get("status") != "passed"
        ),
    )


def _reason(case: ET.Element) -> str:
    found = (case.find(word) for word in ("failure", "error", "skipped"))
    return "; ".join(it.get("message", "") for it in found if it is not None)[:300]
