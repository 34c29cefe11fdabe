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


def test_a_fit_at_a_bound_has_the_error_of_minos(cevns):
    """Only mu^2 enters: the curvature at zero is none, and its error means nothing."""
    words = ["gemma", "--asimov", "--model", "magnetic-moment", "--free", "mu_nu_e"]
    beginning = "the best fit is at the lower bound: mu_nu_e = "
    line = next(x for x in cevns("fit", *words).out.splitlines() if x.startswith(beginning))
    value, error = line.removeprefix(beginning).removesuffix(" x 1e-10 mu_B").split(" ")
    # 2.55e-11 where -2 ln L has risen by one: 1/1.282 of 2.89e-11, squared
    assert abs(float(value)) < 0.05
    assert error.startswith("+")
    assert float(error) == pytest.approx(0.289 / 1.2816**0.5, rel=0.02)
