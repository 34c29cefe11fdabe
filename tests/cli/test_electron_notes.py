"""What the step function of binding energies is good for is said where its results are printed."""

from __future__ import annotations

import json

import pytest

WORDS = "a many-body calculation is needed"
SCAN = ["--model", "magnetic-moment", "--parameter", "mu_nu_e=0:0.6:3"]


@pytest.mark.parametrize(
    "words",
    [
        ["rate", "gemma", "--points", "2"],
        ["predict", "gemma"],
        ["fit", "gemma", "--asimov"],
        ["limit", "gemma", "--asimov", *SCAN],
    ],
)
def test_results_say_how_far_electrons_are_to_be_trusted(cevns, words):
    assert WORDS in cevns(*words).out
    named = json.loads(cevns(*words, "--json", "-").out)["physics"]
    assert named["electrons"] == "free-above-binding"


@pytest.mark.parametrize(
    ("held", "said"), [([], False), (["--model", "magnetic-moment", "--at", "mu_nu_e=1"], True)]
)
def test_it_is_said_where_there_are_electrons_alone(cevns, held, said):
    done = cevns("predict", "conus-plus-2025", *held, "--json", "-")
    assert (WORDS in done.err) == said
    assert ("electrons" in json.loads(done.out)["physics"]) == said
