"""The drawing library of `report.html`, made in a process of its own.

Making it takes over a second and holds the interpreter's lock throughout, so a thread would not
do; the recording is read and analysed meanwhile. The process runs this very file, which therefore
imports nothing of the harness.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import vl_convert

_ELSEWHERE: Final = re.compile(r"https?://(?!www\.w3\.org/)[^\"'`\s]*")
_PATIENCE_S: Final = 60


def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, without an address that it could ask."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    bundle = _ELSEWHERE.sub("", bundle)
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@contextmanager
def javascript_beside() -> Iterator[Callable[[], str]]:
    """Start making the script; what is yielded waits for it. No process outlives the block.

    Waiting raises RuntimeError when it could not be made.
    """
    maker = subprocess.Popen(
        [sys.executable, __file__], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    def result() -> str:
        script, complaint = maker.communicate(timeout=_PATIENCE_S)
        if maker.returncode:
            last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"the drawing library could not be made: {last}")
        return script.decode()

    with maker:
        try:
            yield result
        finally:
            maker.kill()


if __name__ == "__main__":
    sys.stdout.buffer.write(javascript().encode())
