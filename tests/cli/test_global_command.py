"""``cevns global``: the record, the choices and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

GE, CONUS = "coherent-ge-2024-count", "conus-plus-2025"


def test_command(cevns: Callable):
    words = ("global", "--parameter", "sin2_theta_w", "--with", "ge-2024,conus-plus", "--json", "-")
    done = cevns(*words, "--choose", "conus-plus-prediction=published")
    assert done.code == 0
    record = json.loads(done.out)
    assert {"name", "value", "error_up", "error_down"} <= record["poi"].keys()
    assert record["poi"]["name"] == "sin2_theta_w"
    assert list(record["experiments"]) == [GE, CONUS]
    assert record["goodness"]["ndof"] == 1
    assert record["goodness"]["parameter_goodness"] > 0.0
    assert record["choices"]["conus-plus-prediction"] == "published"
    assert record["sets"]["conus-plus"]["alone"]["sin2_theta_w"]["value"] == pytest.approx(
        0.259, abs=0.004
    )
    assert "parameter goodness of fit" in done.err
    assert "conus-plus-prediction published" in done.err


def test_command_leaves_out(cevns: Callable):
    done = cevns(
        *("global", "--with", "csi,ge-2024", "--without", "csi", "--joint-only"),
        *("--profile", "5", "--json", "-"),
    )
    record = json.loads(done.out)
    assert (done.code, list(record["experiments"]), record["sets"]) == (0, [GE], {})
    assert len(record["profile"]["values"]) >= 5
    done = cevns("global", "--with", "coherent-csi-2017,csi")
    assert (done.code, done.err.count("\n")) == (2, 1)
    done = cevns("global", "coherent-csi-2021")
    assert done.code == 2
    assert "no combination" in done.err
