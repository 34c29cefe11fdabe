import math
import re
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from csi_detector import PUBLISHED_QF, QUENCHING
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cevns import registry
from cevns.detectors import Quenching, Variation, quenching_model
from cevns.detectors.framework.quenching_section import section
from cevns.detectors.framework.variation import Calibration
from cevns.detectors.quenching.chavarria import Chavarria
from cevns.detectors.quenching.constant import Constant
from cevns.detectors.quenching.lindhard import Lindhard
from cevns.detectors.quenching.linear import Linear
from cevns.detectors.quenching.polynomial import Polynomial
from cevns.detectors.quenching.tabulated import Tabulated
from cevns.exceptions import CevnsWarning, DataError, InputError, UnknownNameError

T = np.linspace(0.0, 50.0, 101)
SILICON = (168.0, 155.0, 56.0, 1096.0, 382.0)
MODELS: dict[str, Quenching] = {
    "chavarria": Chavarria(
        variations={"c": Variation((170.0, *SILICON[1:]), (166.0, *SILICON[1:]))}
    ),
    "constant": Constant(0.0878, variations={"qf": Variation(0.1044, 0.0712)}),
    "linear": Linear(
        (0.246, 0.00078),
        variations={
            "a": Variation((0.252, 0.00078), (0.240, 0.00078)),
            "b": Variation((0.246, 0.00087), (0.246, 0.00069)),
        },
    ),
    "polynomial": QUENCHING,
    "lindhard": Lindhard(z=32, a=72.63, k=0.162, variations={"k": Variation(0.166, 0.157)}),
    "tabulated": Tabulated(
        (0.0, 5.0, 12.0, 60.0),
        (0.05, 0.08, 0.10, 0.09),
        variations={"up": Variation((0.06, 0.09, 0.11, 0.11), (0.04, 0.07, 0.10, 0.08))},
    ),
}
PULL = st.floats(-4.0, 4.0)


def direct(model: Quenching, numbers: float | tuple[float, ...]) -> np.ndarray:
    return model.curve(T, tuple(np.atleast_1d(numbers)))


def test_every_file_is_a_tested_model() -> None:
    assert set(registry.names("cevns.detectors.quenching")) == set(MODELS)
    for name, model in MODELS.items():
        assert quenching_model(name) is type(model)
    with pytest.raises(UnknownNameError, match="lindhard"):
        quenching_model("lindhart")


def test_csi_quenching_factors_as_published() -> None:
    factors = 100.0 * QUENCHING.quenching_factor(list(PUBLISHED_QF))
    # quoted to two decimals
    np.testing.assert_allclose(factors, list(PUBLISHED_QF.values()), rtol=0, atol=0.005)


def test_csi_quenching_from_the_release(csi2021) -> None:
    text = (csi2021 / "scintRespCoefficients.txt").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\s*[-\d]", line)]
    nominal, *sides = (tuple(map(float, row.split())) for row in rows)
    pairs = {f"qf.csi.{i}": Variation(*sides[2 * i : 2 * i + 2]) for i in range(len(sides) // 2)}
    assert len(pairs) == 2
    model = Polynomial(nominal, variations=pairs, valid_kev=(0.0, 60.0))
    factors = 100.0 * model.quenching_factor(list(PUBLISHED_QF))
    np.testing.assert_allclose(factors, list(PUBLISHED_QF.values()), rtol=0, atol=0.005)
    t_mev = 0.03
    for i, name in enumerate(pairs):
        for sign, side in ((1.0, pairs[name].plus), (-1.0, pairs[name].minus)):
            pulls = np.zeros(2)
            pulls[i] = sign
            release = 1e3 * sum(c * t_mev ** (k + 1) for k, c in enumerate(side))
            # the same polynomial: rounding only
            assert math.isclose(model.electron_energy_kevee(30.0, pulls), release, rel_tol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_pulls_of_one_sigma_give_the_variation(name: str) -> None:
    model = MODELS[name]
    np.testing.assert_array_equal(model.electron_energy_kevee(T), direct(model, model.parameters))
    for i, variation in enumerate(model.variations.values()):
        for sign, side in ((1.0, variation.plus), (-1.0, variation.minus)):
            pulls = np.zeros(len(model.variation_names))
            pulls[i] = sign
            # rounding of sums of numbers of order 10
            np.testing.assert_allclose(
                model.electron_energy_kevee(T, pulls), direct(model, side), rtol=0, atol=1e-13
            )


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_gradient_is_the_derivative(name: str, data: st.DataObject) -> None:
    curve = MODELS[name].on(T)
    n = len(MODELS[name].variation_names)
    pulls = np.array(data.draw(st.lists(PULL, min_size=n, max_size=n)))
    h = 1e-5
    steps = np.concatenate([pulls + h * np.eye(n), pulls - h * np.eye(n)])
    energy = curve.electron_energy_kevee(steps)
    numeric = (energy[:n] - energy[n:]) / (2.0 * h)
    smooth = np.all(energy > 0.0, axis=0)  # the clamp has a kink
    # central difference: h^2 f'''/6 ~ 1e-9 (f''' jumps at one sigma: h |f'''| ~ 1e-9 too) plus
    # rounding 1e-15/h
    np.testing.assert_allclose(
        curve.gradient(pulls)[:, smooth], numeric[:, smooth], rtol=0, atol=5e-9
    )


@pytest.mark.parametrize("name", MODELS)
def test_batches_are_single_calls(name: str) -> None:
    model = MODELS[name]
    n = len(model.variation_names)
    pulls = np.random.default_rng(1).normal(size=(3, 5, n))
    energy, slope = model.electron_energy_kevee(T, pulls), model.gradient(T, pulls)
    assert energy.shape == (3, 5, len(T))
    assert slope.shape == (3, 5, n, len(T))
    # a matrix product may sum in another order
    np.testing.assert_allclose(
        energy[2, 3], model.electron_energy_kevee(T, pulls[2, 3]), atol=1e-14
    )
    np.testing.assert_allclose(slope[2, 3], model.gradient(T, pulls[2, 3]), atol=1e-14)
    assert model.electron_energy_kevee(10.0, pulls).shape == (3, 5)


@settings(max_examples=50, deadline=None)
@given(pulls=st.lists(PULL, min_size=2, max_size=2))
def test_csi_energies_are_bounded_and_not_negative(pulls: list[float]) -> None:
    curve = QUENCHING.on(T)
    energy = curve.electron_energy_kevee(pulls)
    assert np.all(energy >= 0.0)
    assert np.all(energy <= curve.largest_kevee(4.0))


@pytest.mark.parametrize("name", MODELS)
def test_second_derivative_is_continuous_in_the_pull(name: str) -> None:
    curve = MODELS[name].on(T[20:])
    n = len(MODELS[name].variation_names)
    h = 1e-4
    for at in (-1.0, 0.0, 1.0):
        second = []
        for centre in (at - 2 * h, at + 2 * h):
            pulls = np.zeros((3, n))
            pulls[:, 0] = centre + h * np.array([-1.0, 0.0, 1.0])
            low, mid, high = curve.electron_energy_kevee(pulls)
            second.append((low - 2.0 * mid + high) / h**2)
        # third derivative (at most 15 times the asymmetry, < 0.3 keVee) over a distance 4 h, and
        # rounding 1e-15 * 4/h^2
        np.testing.assert_allclose(second[0], second[1], rtol=0, atol=4e-3)


@pytest.mark.parametrize(
    ("z", "a", "k"),
    [(32, 72.63, 0.157), (14, 28.09, 0.146), (54, 131.29, 0.166), (18, 39.95, 0.145)],
)
def test_lindhard_k_of_theory(z: float, a: float, k: float) -> None:
    # quoted to three decimals
    assert Lindhard(z=z, a=a).parameters[0] == pytest.approx(k, abs=5.1e-4)


def test_lindhard_limits() -> None:
    model = Lindhard(z=32, a=72.63)
    assert model.quenching_factor(0.0) < 1e-3  # vanishes as T^0.15
    eps = 11.5 * 32 ** (-7 / 3)
    g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
    kg = 0.133 * 32 ** (2 / 3) / math.sqrt(72.63) * g
    assert model.quenching_factor(1.0) == pytest.approx(kg / (1 + kg), rel=1e-13)  # rounding


def test_linear_is_a_polynomial_in_kev() -> None:
    same = Polynomial((0.246, 0.00078), unit="keV")
    np.testing.assert_allclose(
        MODELS["linear"].electron_energy_kevee(T), same.electron_energy_kevee(T), rtol=1e-14
    )


def test_tabulated_agrees_with_scipy_and_does_not_overshoot() -> None:
    from scipy.interpolate import PchipInterpolator

    x, y = np.array([1.0, 2.0, 4.0, 7.0, 11.0]), np.array([0.02, 0.05, 0.051, 0.09, 0.08])
    model = Tabulated(tuple(x), tuple(y))
    inner = np.linspace(2.0, 7.0, 50)  # at the ends SciPy takes a three-point slope
    np.testing.assert_allclose(
        model.quenching_factor(inner), PchipInterpolator(x, y)(inner), rtol=1e-12
    )
    everywhere = model.quenching_factor(np.linspace(0.5, 20.0, 400))
    assert everywhere.min() >= y.min() - 1e-15
    assert everywhere.max() <= y.max() + 1e-15


def test_tabulated_from_csv(tmp_path) -> None:
    path = tmp_path / "qf.csv"
    path.write_text(
        "# keVnr\nrecoil_energy_kevnr,quenching_factor,fit+,fit-\n"
        "1,0.05,0.06,0.04\n9,0.09,0.1,0.08\n"
    )
    model = Tabulated.from_csv(path)
    assert model.variation_names == ("fit",)
    assert model.valid_kev == (1.0, 9.0)
    assert model.quenching_factor(9.0, [1.0]) == pytest.approx(0.1, rel=1e-14)
    for text, message in {
        "recoil_energy_kevnr,quenching_factor\n1,nan\n2,0.1\n": "'nan' is not a finite number",
        "recoil_energy_kevnr\n1\n": "'quenching_factor' is missing",
        "recoil_energy_kevnr,quenching_factor\n1\n": "1 entries where the header has 2",
        "recoil_energy_kevnr,quenching_factor,a+\n1,2,3\n": "no partner",
        "": "holds no table",
    }.items():
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            Tabulated.from_csv(path)
    with pytest.raises(DataError, match="cannot be read"):
        Tabulated.from_csv(tmp_path / "absent.csv")


def test_warnings_name_the_range() -> None:
    with pytest.warns(CevnsWarning, match="10 to 80 keVnr; its validity range is 0 to 60 keVnr"):
        QUENCHING.electron_energy_kevee([10.0, 80.0])
    falling = Linear((0.1, -0.01), valid_kev=(0.0, 100.0))
    with pytest.warns(CevnsWarning, match="negative from 20 to 30 keVnr"):
        energy = falling.electron_energy_kevee([5.0, 20.0, 30.0])
    assert energy.tolist()[1:] == [0.0, 0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        QUENCHING.on(T)


def test_refusals() -> None:
    with pytest.raises(InputError, match="not negative"):
        QUENCHING.on([1.0, -2.0])
    with pytest.raises(InputError, match="finite"):
        QUENCHING.on([math.nan])
    with pytest.raises(InputError, match="2 variations need pulls"):
        QUENCHING.electron_energy_kevee([1.0], [0.5])
    with pytest.raises(InputError, match="3 numbers where the nominal curve has 2"):
        Linear((0.1, 0.0), variations={"x": Variation((1.0, 2.0, 3.0), (1.0, 2.0))})
    with pytest.raises(InputError, match="two coefficients"):
        Linear((0.1,))
    with pytest.raises(InputError, match="finite numbers"):
        Constant(math.nan)
    with pytest.raises(InputError, match="range"):
        Constant(0.1, valid_kev=(5.0, 5.0))
    for z, a, k in ((0, 1, None), (1, 0, None), (1, 1, 0.0)):
        with pytest.raises(InputError, match="positive"):
            Lindhard(z=z, a=a, k=k)
    with pytest.raises(InputError, match="increasing"):
        Tabulated((2.0, 1.0), (0.1, 0.1))


def test_read_from_a_file_section() -> None:
    section = {
        "coefficients": [0.0554628, 4.30681],
        "variations": {"qf.csi.0": {"plus": [0.06, 3.5], "minus": [0.05, 5.1]}},
        "valid_kev": ["0 keVnr", "0.06 MeVnr"],
    }
    model = TypeAdapter(Polynomial).validate_python(section)
    assert model.valid_kev == (0.0, 60.0)
    assert model.variation_names == ("qf.csi.0",)
    assert model.quenching_factor(10.0, [1.0]) == pytest.approx(0.06 + 0.035, rel=1e-13)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(8.78),
        lambda: Constant(0.0878, variations={"qf": Variation(10.44, 0.0712)}),
        lambda: Polynomial((1.2,), unit="keV"),
    ],
)
def test_a_quenching_factor_above_one_is_refused(make: Callable[[], Quenching]) -> None:
    """8.78 % written as 8.78 gave a hundred times the energy."""
    with pytest.raises(InputError, match=r"above 1, more than the energy of the recoil"):
        make().on([0.0, 1.0, 30.0])


def test_a_polynomial_may_do_anything_outside_its_range() -> None:
    curve = Polynomial((0.05, 0.05), unit="keV", valid_kev=(0.0, 10.0))
    with pytest.warns(CevnsWarning, match="validity range is 0 to 10 keVnr"):
        assert curve.on([5.0, 60.0]).nominal[1] > 60.0


def test_silicon_is_the_inverse_of_the_published_fit() -> None:
    """QF(E) = (168 E + 155 E^2 + E^3)/(56 + 1096 E + 382 E^2): 0.0864 at 0.06 keVee, 0.69 keVnr."""
    seen = np.array([1e-4, 0.06, 0.5, 2.0, 3.0])
    c1, c2, c3, c4, c5 = SILICON
    factor = (c1 * seen + c2 * seen**2 + seen**3) / (c3 + c4 * seen + c5 * seen**2)
    assert factor[1] == pytest.approx(0.0864, abs=5e-5)
    assert seen[1] / factor[1] == pytest.approx(0.694, abs=1e-3)
    found = Chavarria().electron_energy_kevee(seen / factor)
    np.testing.assert_allclose(found, seen, rtol=1e-10)
    # nothing is detected of recoils below a third of a keV, and the curve has no step at 7.07 keVnr
    assert Chavarria().electron_energy_kevee([0.0, 0.2, 1.0 / 3.0]).max() == 0.0
    around = Chavarria().electron_energy_kevee(np.linspace(7.0, 7.15, 301))
    assert np.abs(np.diff(around, 2)).max() < 1e-6
    with pytest.raises(InputError, match="five positive coefficients"):
        Chavarria((1.0, 2.0))


def test_energy_scale_moves_what_is_seen() -> None:
    scale = Calibration(shift=0.005, relative=0.01)
    model = Lindhard(z=32, a=72.63, k=0.162, variations={"k": Variation(0.166, 0.158), "e": scale})
    t = np.array([1.0, 2.0])
    nominal = model.electron_energy_kevee(t)
    moved = model.electron_energy_kevee(t, [0.0, 2.0])
    np.testing.assert_allclose(moved, 1.02 * nominal + 0.01, rtol=1e-12)
    alone = Lindhard(z=32, a=72.63, k=0.166).electron_energy_kevee(t)
    np.testing.assert_allclose(model.electron_energy_kevee(t, [1.0, 0.0]), alone, rtol=1e-12)
    # as a file has it, and back
    made = {"z": 32, "a": 72.63, "k": 0.162, "variations": {"e": {"shift": "5 eVee"}}}
    read = TypeAdapter(Lindhard).validate_python(made)
    assert read.variations["e"] == Calibration(shift=0.005)
    assert section(read)["variations"] == {"e": {"shift": "0.005 keVee"}}
    for nothing in ({}, {"shift": math.inf}):
        with pytest.raises(InputError, match="an error of the energy scale"):
            Calibration(**nothing)


@pytest.mark.parametrize("name", MODELS)
def test_a_factor_may_be_held_above_the_range(name: str) -> None:
    """E_ee(T) = E_ee(T_v) T/T_v of every member of the family, which is the curve below T_v."""
    end = 20.0
    plain = replace(MODELS[name], valid_kev=(0.0, end))
    held = replace(plain, above="constant")
    assert (plain.followed_to_kev, held.followed_to_kev) == (end, math.inf)
    assert (plain.kinks_kev, held.kinks_kev) == ((), (end,))
    n = len(held.variation_names)
    below, beyond = np.linspace(0.0, end, 41), np.array([end, 20.5, 70.0, 300.0])
    for pulls in (np.zeros(n), np.eye(n)[0], -0.6 * np.eye(n)[0], 2.5 * np.eye(n)[0]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it is declared, so nothing is said
            energy = held.electron_energy_kevee(beyond, pulls)
            same = held.electron_energy_kevee(below, pulls)
            slope = held.gradient(beyond, pulls)
        np.testing.assert_array_equal(same, plain.electron_energy_kevee(below, pulls))
        last = plain.electron_energy_kevee(end, pulls)
        np.testing.assert_allclose(energy, last * beyond / end, rtol=1e-13)
        np.testing.assert_allclose(
            slope, plain.gradient(end, pulls)[:, None] * beyond / end, rtol=1e-12, atol=1e-13
        )
    with pytest.warns(CevnsWarning, match="its validity range is 0 to 20 keVnr"):
        plain.on(beyond)


def test_csi_above_60_kevnr_is_held_at_its_last_factor() -> None:
    """The polynomial itself turns up: 9.32 % at 60 keVnr and 21 % at 100 keVnr."""
    held = replace(QUENCHING, above="constant")
    assert held.quenching_factor([60.0, 100.0]).round(4).tolist() == [0.0932, 0.0932]
    assert QUENCHING.curve(np.array([100.0]), QUENCHING.parameters)[0] / 100.0 > 0.2
    written = section(held)
    assert written["above"] == "constant"
    assert "above" not in section(QUENCHING)
    again = TypeAdapter(Polynomial).validate_python(
        {
            "coefficients": written["coefficients"],
            "valid_kev": written["valid"],
            "above": "constant",
        }
    )
    assert again.quenching_factor(100.0) == held.quenching_factor(100.0)


def test_a_factor_is_held_only_above_a_range_that_ends() -> None:
    with pytest.raises(InputError, match=r"'above: constant' .* which has no end here"):
        Constant(0.0878, above="constant")
