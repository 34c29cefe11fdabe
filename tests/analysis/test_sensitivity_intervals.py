"""An interval that is not 1.64 times the quoted error comes with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.analysis.sensitivity.projecting import expected_number
from cevns.analysis.sensitivity.topic import Quantity
from cevns.cli import run
from cevns.inference import Channel, Component, Model
from cevns.inference.model.shapes import FunctionShape
from cevns.parameters import Parameter, Parameters


def found(value, counts):
    """What one bin of counts says about the parameter that they are a function of."""
    shape = FunctionShape(("x",), 1, counts, bounds=[(-30.0, 30.0)])
    channel = Channel("counts", np.array([1.0]), (Component("cevns", shape),))
    x = Parameter("x", value, lower=-30.0, upper=30.0, role="poi")
    return expected_number("made", Quantity("x", "x", free="x"), Model("m", Parameters([x]),
                           (channel,)), "x")  # fmt: skip


def test_a_square_says_that_its_interval_is_not_that_of_its_error():
    made = found(1.0, lambda x: 1000.0 + 3.0 * x**2)
    # slope 6 of 1003 counts; the interval is where 3 (x^2 - 1) reaches 1.645 sqrt(1003)
    assert made.error == pytest.approx(np.sqrt(1003.0) / 6.0, rel=1e-4)
    end = np.sqrt(1.0 + 1.645 * np.sqrt(1003.0) / 3.0)
    assert made.interval == pytest.approx((-end, end), rel=0.02)
    assert made.dependence == "quadratic"
    assert "slope of the expected counts at 1 (" in made.note
    assert "quadratic in x" in made.note
    assert "not 1.64 times the error" in made.note
    assert made.to_dict()["dependence"] == "quadratic"


def test_what_is_bent_otherwise_is_not_called_quadratic():
    made = found(1.0, lambda x: 1000.0 + 3.0 * x**4)
    assert made.dependence == "curved"
    assert "not linear in x" in made.note


@pytest.mark.parametrize("counts", [lambda x: 1000.0 + 3.0 * x, lambda x: 2.0 + x / 10.0])
def test_straight_lines_need_no_word(counts):
    # of few events the interval is lopsided, although the counts are linear
    made = found(1.0, counts)
    assert (made.dependence, made.note) == ("linear", "")


def test_the_command_gives_the_reason_for_axial_charges_alone(capsys):
    words = ("sensitivity", "coherent-nai-3t", "--topic")
    assert run([*words, "axial"]) == 0
    assert "quadratic in axial_strength" in " ".join(capsys.readouterr().out.split())
    assert run([*words, "cross-section"]) == 0
    assert "quadratic" not in capsys.readouterr().out
