"""An audit for readers: plain lines, JSON and JUnit, piece by piece."""

import json
from collections.abc import Iterable, Iterator
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
    left_out = ledger.left_out()
    verdict = f"FINDINGS  {found:,}" if found else "CLEAN  nothing found"
    if left_out:
        verdict = f"PARTIAL  {found:,} findings so far"
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
    if left_out:
        yield ""
        yield from (f"not looked at: {text}" for text in left_out[:_SHOWN])
        if len(left_out) > _SHOWN:
            yield f"not looked at: {len(left_out) - _SHOWN:,} more; --json has them all"
    if totals["repositories"]:
        yield ""
        yield f"{'repository':<50} {'tags':>8} {'manifests':>9} {'MiB':>12}"
        for name, tags, manifests, size in ledger.largest(_LARGEST):
            yield f"{name:<50} {tags:>8,} {manifests:>9,} {size / _MIB:>12,.1f}"
        if totals["repositories"] > _LARGEST:
            yield f"and {totals['repositories'] - _LARGEST:,} smaller ones"


def as_json(ledger: Ledger, url: str) -> Iterator[str]:
    """One object; findings and repositories are written one by one."""
    left_out = ledger.left_out()
    head: dict[str, object] = {"registry": url, "partial": bool(left_out)}
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
    yield f'\n ],\n "not_looked_at": {json.dumps(left_out)}\n}}\n'


def as_junit(ledger: Ledger, url: str, *, elapsed_s: float) -> Iterator[str]:
    """A test case for each check, which fails when there are findings and shows the first of them.

    One more is for the whole audit: it has its time, and an error when the audit is partial.
    """
    counts, left_out = ledger.counts(), ledger.left_out(_SHOWN)
    name = quoteattr(f"harness.audit {url}")
    total = f'tests="{len(Check) + 1}" failures="{len(counts)}" errors="{int(bool(left_out))}"'
    yield '<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n'
    yield f'  <testsuite name={name} {total} skipped="0" time="{elapsed_s:.3f}">\n'
    lines = (f"{text}\n" for text in left_out)
    yield from _case(
        "whole", elapsed_s, "error", "not all was looked at" if left_out else "", lines
    )
    for check in Check:
        found = ledger.findings(_SHOWN, check)
        message = f"{counts[check]:,} findings" if check in counts else ""
        lines = (f"{_place(finding)}: {finding.text}\n" for finding in found)
        yield from _case(check.value, 0.0, "failure", message, lines)
    yield "  </testsuite>\n</testsuites>\n"


def _case(
    name: str, seconds: float, kind: str, message: str, lines: Iterable[str]
) -> Iterator[str]:
    """A test case, which passes without a `message`."""
    yield f'    <testcase classname="harness.audit" name={quoteattr(name)} time="{seconds:.3f}"'
    if not message:
        yield "/>\n"
        return
    yield f'>\n      <{kind} type="{name}" message={quoteattr(message)}>'
    yield from map(escape, lines)
    yield f"</{kind}>\n    </testcase>\n"


def _place(finding: Finding) -> str:
    joint = "@" if ":" in finding.subject else ":"
    place = f"{finding.repository}{joint if finding.subject else ''}{finding.subject}"
    return place or "registry"
