"""The files that come with a fault: a start for its own two, and its example scenario."""

import inspect
import json
import keyword
import re
from pathlib import Path

from harness.faults import Fault, catalogue
from harness.scenario.loading import load, read_held_fault
from harness.scenario.model import FaultEntry
from harness.scenario.starter import starter
from harness.seams import Seam

EXAMPLES = Path("scenarios") / "faults"
_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WORD_MAX = 30  # so that each line of the files fits
_HEAD = """\
# yaml-language-server: $schema=../../harness/scenario.schema.json
# Written by `make docs` from harness/faults/{word}.py, while no other scenario has this fault.
"""

_FAULT = '''\
"""{word}: what goes wrong, in a few words."""

from pydantic import Field

from harness.faults._fault import GatewayFault
from harness.seams import Delay, Injection, RequestKind, Seams
from harness.units import PositiveSeconds


class {name}(GatewayFault):
    """What goes wrong and for whom, in one sentence.

    What happens on the wire: each answer is held back for `delay`.
    Seen as: what a node reports, as slower pulls.
    """

    area = "performance"
    example = "{{delay: 500ms}}"
    request_kinds = (RequestKind.MANIFEST,)

    delay_s: PositiveSeconds = Field(alias="delay", description="how late each answer comes")

    def inject(self, seams: Seams) -> Injection:
        act = Delay(first_byte_s=self.delay_s)
        return seams.gateway.rule(act, kinds=self.request_kinds, share=self.share)
'''

_TEST = '''\
"""What goes wrong, in the call of its seam."""

from harness.faults.{word} import {name}
from harness.seams import Delay, RequestKind
from tests.stand_ins import seam_call


def test_its_settings_reach_the_seam() -> None:
    """The delay reaches the gateway in seconds."""
    fault = {name}.model_validate({{"delay": "200ms", "share": "50%"}})
    seam, verb, (act,), settings = seam_call(fault)
    assert (seam, verb, act) == ("gateway", "rule", Delay(first_byte_s=0.2))
    assert settings == {{"kinds": (RequestKind.MANIFEST,), "share": 0.5}}
'''


class ScaffoldError(ValueError):
    """A fault's files cannot be written; the message is one sentence."""


def write_fault(root: Path, word: str) -> list[Path]:
    """Write the files of a new fault into the source checkout at `root`; their relative paths.

    They pass all checks as they are, once `make docs` has been run. Raises ScaffoldError.
    """
    if not (root / "harness" / "faults" / "_fault.py").is_file():
        raise ScaffoldError(f"--fault {word}: needs a source checkout; this folder is none")
    if not _WORD.fullmatch(word) or len(word) > _WORD_MAX or keyword.iskeyword(word):
        rule = f"lower-case words with _ between them, at most {_WORD_MAX} letters"
        raise ScaffoldError(f"--fault {word}: must be {rule}, as slow_manifest")
    name = "".join(part.capitalize() for part in word.split("_"))
    name = f"{name}Fault" if re.search(rf"\b{name}\b", _FAULT) else name
    summary, example = "What goes wrong and for whom, in one sentence.", "{delay: 500ms}"
    files = {
        Path("harness", "faults", f"{word}.py"): _FAULT.format(word=word, name=name),
        Path("tests", "faults", f"test_{word}.py"): _TEST.format(word=word, name=name),
        EXAMPLES / f"{word}.yaml": _scenario(word, summary, example, tls=False),
    }
    if word in {*catalogue(), *FaultEntry.KEYS} or any((root / path).exists() for path in files):
        raise ScaffoldError(f"--fault {word}: is taken; choose another name")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(files)


def examples(root: Path) -> dict[Path, str]:
    """The example scenarios of the faults that no scenario of somebody's hand has, by path."""
    by_hand = (
        path for path in (root / "scenarios").rglob("*.yaml") if path.parent != root / EXAMPLES
    )
    used = {entry.word for path in by_hand for entry in load(path).faults}
    known = catalogue()
    return {EXAMPLES / f"{word}.yaml": example(known[word]) for word in known if word not in used}


def example(fault: type[Fault]) -> str:
    """A scenario that shows `fault` with the settings of its own example."""
    headline = inspect.cleandoc(fault.__doc__ or "").partition("\n")[0]
    held = read_held_fault(f"{fault.word}: {fault.example}", nodes=4).fault
    return _scenario(fault.word, headline, fault.example, tls=Seam.TLS in held.seams_needed())


def write_examples(root: Path) -> None:
    """Bring the example scenarios up to date with the faults."""
    wanted = examples(root)
    for path in (root / EXAMPLES).glob("*.yaml"):
        if path.relative_to(root) not in wanted:
            path.unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def _scenario(word: str, summary: str, settings: str, *, tls: bool) -> str:
    text = starter(word, summary=json.dumps(summary), fault=f"{word}: {settings}", tls=tls)
    return _HEAD.format(word=word) + text
