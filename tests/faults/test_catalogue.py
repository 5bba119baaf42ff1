"""The catalogue is the folder: one file, one word, one fault."""

from types import ModuleType
from typing import Any

import pytest

from harness import faults
from harness.faults import Fault, catalogue
from harness.faults._fault import REQUESTS_WHERE
from harness.faults.latency import Latency


def test_a_word_is_its_files_name() -> None:
    """Found without a list that could be forgotten."""
    assert catalogue()["latency"] is Latency
    assert Latency.word == "latency"
    assert not any(word.startswith("_") for word in catalogue())


def test_a_file_holds_exactly_one_fault() -> None:
    """None or two are told at once."""
    module = ModuleType("harness.faults.two")
    with pytest.raises(TypeError, match="must hold exactly one fault, holds 0"):
        faults._only_fault(module)


def test_settings_are_written_by_the_files_words_and_frozen() -> None:
    """`delay`, not `delay_s`."""
    with pytest.raises(ValueError, match="delay_s"):
        Latency.model_validate({"delay_s": 1.0})
    latency: Any = Latency.model_validate({"delay": "1s"})
    with pytest.raises(ValueError, match="frozen"):
        latency.delay_s = 2.0


def test_a_fault_may_be_narrowed_as_its_class_says() -> None:
    """Unless its settings say otherwise."""
    assert Latency.model_validate({"delay": "1s"}).where_allowed() == {"nodes"}
    assert {"repository", "kinds", "layers", "nodes", "first"} == REQUESTS_WHERE
    assert issubclass(Latency, Fault)
