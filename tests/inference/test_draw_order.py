"""Toys that an earlier version drew in another order are other toys, and are not continued."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cevns.exceptions import InputError
from cevns.inference import Channel, Component, Model
from cevns.inference.model.grid import Grid
from cevns.inference.model.shapes import fixed
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.toys.toy_run import run_toys
from cevns.inference.work.scan_store import read_scan, write_scan
from cevns.parameters import Parameter, Parameters

SIGNAL = Component("signal", fixed(np.array([30.0, 10.0])), ("scale",))
BACKGROUND = Component("background", fixed(np.array([20.0, 20.0])))
COUNTS = Channel("counts", np.array([52.0, 29.0]), (SIGNAL, BACKGROUND))
MODEL = Model("two bins", Parameters([Parameter("scale", 1.0, lower=0.0, role="poi")]), (COUNTS,))


def test_toys_drawn_in_another_order_are_not_continued(tmp_path):
    out = tmp_path / "toys.npz"
    run_toys(MODEL, 20, seed=1, workers=1, out=out)
    with np.load(out, allow_pickle=False) as file:
        content = dict(file)
    run = json.loads(str(content.pop("run")))
    del run["order of draws"]
    np.savez(out, run=json.dumps(run), **content)
    with pytest.raises(InputError, match=r"its order of draws is nothing, not toy by toy"):
        run_toys(MODEL, 20, seed=1, workers=1, out=out)


def test_scan_drawn_in_another_order_is_not_continued(tmp_path):
    pytest.importorskip("h5py")
    out = tmp_path / "scan.h5"
    grid = Grid.of(MODEL, {"scale": np.linspace(0.5, 1.5, 4)})
    feldman_cousins(grid, 20, seed=1, workers=1, out=out)
    file = read_scan(out)
    run = {k: v for k, v in file.run.items() if k != "order of draws"}
    write_scan(out, replace(file, run=run))
    with pytest.raises(InputError, match=r"its order of draws is nothing, not toy by toy"):
        feldman_cousins(grid, 20, seed=1, workers=1, out=out)
