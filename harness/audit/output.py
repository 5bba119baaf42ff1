"""An audit for readers: plain lines, JSON and JUnit, piece by piece."""

import json
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from harness.audit.findings import Check, Finding
from harness.audit.ledger import Ledger

_SHOWN: Final = 40  # of each check, in what is read by people
_LARGEST: Final = 10
_MIB: Final = 1 << 20


def as_text(ledger: Ledger, url: str) -> Iterator[str]:
    """Lines: the verdict, findings by check, the largest repositories."""
    counts, totals = ledger.counts(), ledger.totals()
    found = sum(counts.values())
    verdict = f"FINDINGS  {found:,}" if found else "CLEAN  nothing found"
    yield (
        f"{verdict} in {url}: {totals['repositories']:,} repositories, {totals['tags']:,} tags, "
        f"{totals['manifests']:,} manifests, {totals['blobs']:,} blobs, "
        f"{totals['bytes'] / _MIB:,.1f} MiB"
    )
    for check, count in counts.items():
        yield ""
        for finding in ledger.findings(_SHOWN, check):
            yield f"{check:<12} {_place(finding)}: {finding.text}"
        if count > _SHOWN:
            yield f"{check:<12} and {count - _SHOWN:,} more; --json has them all"
    if totals["repositories"]:
        yield ""
        yield f"{'repository':<50} {'tags':>8} {'manifests':>9} {'MiB':>12}"
        for name, tags, manifests, size in ledger.largest(_LARGEST):
            yield f"{name:<50} {tags:>8,} {manifests:>9,} {size / _MIB:>12,.1f}"
        if totals["repositories"] > _LARGEST:
            yield f"and {totals['repositories'] - _LARGEST:,} smaller ones"


def as_json(ledger: Ledger, url: str) -> Iterator[str]:
    """One object; findings and repositories are written one by one."""
    head: dict[str, object] = {"registry": url}
    head |= ledger.totals()
    head["counts"] = ledger.counts()
    yield json.dumps(head, indent=1)[:-2] + ',\n "findings": ['
    comma = "\n"
    for it in ledger.findings():
        row = {
            "check": it.check,
            "repository": it.repository,
            "subject": it.subject,
            "text": it.text,
        }
        yield f"{comma}  {json.dumps(row)}"
        comma = ",\n"
    yield '\n ],\n "sizes": ['
    comma = "\n"
    for name, tags, manifests, size in ledger.largest():
        sizes = {"repository": name, "tags": tags, "manifests": manifests, "bytes": size}
        yield f"{comma}  {json.dumps(sizes)}"
        comma = ",\n"
    yield "\n ]\n}\n"


def as_junit(ledger: Ledger, url: str) -> Iterator[str]:
    """A test case for each check; it fails when there are findings, and shows the first."""
    counts = ledger.counts()
    name = quoteattr(f"harness.audit {url}")
    failed = f'failures="{len(counts)}" errors="0" skipped="0"'
    yield '<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n'
    yield f'  <testsuite name={name} tests="{len(Check)}" {failed} time="0">\n'
    for check in Check:
        case = f'    <testcase classname="harness.audit" name={quoteattr(check.value)}'
        if check not in counts:
            yield f"{case}/>\n"
            continue
        message = quoteattr(f"{counts[check]:,} findings")
        yield f'{case}>\n      <failure type="finding" message={message}>'
        for finding in ledger.findings(_SHOWN, check):
            yield escape(f"{_place(finding)}: {finding.text}\n")
        yield "</failure>\n    </testcase>\n"
    yield "  </testsuite>\n</testsuites>\n"


def _place(finding: Finding) -> str:
    joint = "@" if ":" in finding.subject else ":"
    place = f"{finding.repository}{joint if finding.subject else ''}{finding.subject}"
    return place or "registry"
