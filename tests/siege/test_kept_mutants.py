"""Mutants of experiment files that once ended in a traceback, a warning or an endless sum."""

import pytest
from test_mutated_files import CATALOGUE, EXAMPLES, bounded, companions

from cevns.exceptions import InputError
from cevns.experiments import load


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("source-on-off", "mass: 20 kg", "mass: 2e301 kg", "outside the range of numbers"),
        ("source-on-off", "mass: 20 kg", "mass: 2e40 kg", "events are expected in a bin"),
        ("published-points", "{kind: gaussian}", "{kind: half-gaussian}", r"points\.csv: a half-G"),
        ("published-points", "exposure: 0.5", "exposure: .inf", "expected a finite number"),
        (
            "event-list",
            "7, 8]",
            "7, 8.e+300]",
            r"field 'axes\.energy\.edges': bin edges lie within",
        ),
        ("coherent-csi-2017", "28, 30]", "28, 3.e+7]", "end at 3e[+]07 PE, .* 'kind: gamma'"),
        ("derived", "exponent: 0.25", "exponent: 2.5e+29", "the largest possible exponent is 10"),
        ("coherent-lar-2020", "count: 33 +/- 33", f"count: 1{'0' * 400}", r"delayed_brn\.count"),
        ("coherent-lar-2020", "count: 128 +/- 17", "count: 0 +/- 17", "released signal has events"),
        ("source-on-off", "source-on-off.csv", "x" * 3000, "a file name cannot have 3000"),
        ("source-on-off", "ratio: 3", "ratio: [2, 1]", r"statistic\.ratio: \[2, 1\] is neither"),
        ("source-on-off", "ratio: 3", "ratio: 3e300", r"statistic\.ratio: 3e[+]300 is neither"),
        (
            "coherent-ge-2024",
            "stochastic: 0.036",
            "stochastic: 3.6e+298",
            "outside the range of numbers",
        ),
        ("published-points", "protons: 1e23", "protons: true", "expected a value, got true"),
        ("two-detectors", "[flat]", "[steady]", "background 'flat' is in no channel"),
    ],
)
def test_kept_mutants(name, old, new, said, tmp_path):
    companions(tmp_path)
    folder = CATALOGUE if name.startswith("coherent") else EXAMPLES
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with bounded(), pytest.raises(InputError, match=said):
        load(path).model()
