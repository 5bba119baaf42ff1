"""Which link is used, from option, scenario and what the faults need; what help shows of verbs."""

import pytest
import typer
from typer.testing import CliRunner

from harness.cli import app
from harness.cli.options import LinkChoice, link_kind
from harness.faults import Fault, catalogue


def faults(*words: str) -> list[Fault]:
    return [catalogue()[word].model_validate({}) for word in words]


@pytest.mark.parametrize(
    ("choice", "scenario", "words", "kind"),
    [
        (LinkChoice.SCENARIO, "auto", (), "auto"),
        (LinkChoice.SCENARIO, "none", (), "none"),
        (LinkChoice.AUTO, "embedded", (), "auto"),
        (LinkChoice.TOXIPROXY, "auto", ("partition",), "toxiproxy"),
        (LinkChoice.SCENARIO, "auto", ("partition", "firewall_drop"), "embedded"),
        (LinkChoice.AUTO, "embedded", ("firewall_drop",), "embedded"),
    ],
)
def test_auto_is_embedded_where_only_that_will_do(
    choice: LinkChoice, scenario: str, words: tuple[str, ...], kind: str
) -> None:
    """The option wins over the scenario, and what a fault needs over `auto`."""
    assert link_kind(choice, scenario, faults(*words)) == kind  # type: ignore[arg-type]  # of a table


def test_a_real_toxiproxy_is_refused_where_it_cannot() -> None:
    """Before anything starts."""
    with pytest.raises(typer.BadParameter, match="firewall_drop needs the embedded link"):
        link_kind(LinkChoice.TOXIPROXY, "auto", faults("firewall_drop"))


@pytest.mark.parametrize("group", [(), ("setup",), ("baseline",)])
def test_every_verb_is_listed_with_a_whole_sentence(group: tuple[str, ...]) -> None:
    """One that is too long is cut in the list of verbs; -h is --help."""
    listed = CliRunner().invoke(app, [*group, "-h"], env={"COLUMNS": "80"})
    assert (listed.exit_code, "Commands:" in listed.stdout) == (0, True)
    assert "..." not in listed.stdout.partition("Commands:")[2]
