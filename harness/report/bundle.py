"""The drawing library of `report.html`, made once in a process of its own, then kept.

Making it takes over a second and holds the interpreter's lock throughout, so a thread would not
do; the recording is read and analysed meanwhile. The process runs this very file, which therefore
imports nothing of the harness.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

_ELSEWHERE: Final = re.compile(r"https?://(?!www\.w3\.org/)[^\"'`\s]*")
_PATIENCE_S: Final = 60


def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, without an address that it could ask."""
    import vl_convert  # noqa: PLC0415  large, and not needed when the script is kept

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    bundle = _ELSEWHERE.sub("", bundle)
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@contextmanager
def javascript_beside(cache: Path | None = None) -> Iterator[Callable[[], str]]:
    """Start making the script; what is yielded waits for it. No process outlives the block.

    With a folder `cache` it is kept there, and taken from there the next time. Waiting raises
    RuntimeError when it could not be made.
    """
    kept = cache and cache / _kept_name()
    if kept and kept.exists():
        script = kept.read_text(encoding="utf-8")
        yield lambda: script
        return
    maker = subprocess.Popen(
        [sys.executable, __file__], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    def result() -> str:
        script, complaint = maker.communicate(timeout=_PATIENCE_S)
        if maker.returncode:
            last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"the drawing library could not be made: {last}")
        if kept:
            _keep(kept, script)
        return script.decode()

    with maker:
        try:
            yield result
        finally:
            maker.kill()


def _kept_name() -> str:
    """Of this version of the library, as this file makes it."""
    this = sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return f"vega-{version('vl-convert-python')}-{this}.js"


def _keep(path: Path, script: bytes) -> None:
    """Keep it whole or not at all; a disk that refuses costs the next report a second."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(script)
        beside.replace(path)


if __name__ == "__main__":
    sys.stdout.buffer.write(javascript().encode())
