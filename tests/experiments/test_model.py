"""The staged model: derivatives and batches against plain evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.experiments import Experiment, load

QUESTIONS = ("count", "cross-section", "sin2-theta-w")
RADIUS = (
    "parameters:\n",
    "parameters:\n  r_n: {constraint: 1.00 +/- 0.05, acts_on: neutron-radius}\n",
)
ANGLE = (
    "parameters:\n",
    "parameters:\n  sin2_theta_w: {constraint: 0.2386 +/- 0.003, acts_on: interaction}\n",
)


@pytest.fixture
def with_radius(user_file) -> Experiment:
    return load(user_file(RADIUS))


def away_from_nominal(model, seed: int = 1, size: tuple[int, ...] = ()) -> np.ndarray:
    """Points within +-1.5 typical steps of the nominal one, inside the bounds."""
    rng = np.random.default_rng(seed)
    p = model.parameters
    steps = rng.uniform(-1.5, 1.5, (*size, len(p)))
    theta = p.values + steps * np.array([min(q.scale, 0.1 * q.value or 1.0) for q in p])
    return np.clip(theta, [q.lower for q in p], [q.upper for q in p])


def signal(model, theta) -> np.ndarray:
    return model.components(theta)["cevns"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_derivatives_against_finite_differences(with_radius, question):
    model = with_radius.model(question)
    theta = away_from_nominal(model)
    mu, jacobian = (a[0] for a in model.linearise(theta[None]))
    assert np.allclose(mu, model.expected(theta), rtol=1e-13, atol=0)
    for i, p in enumerate(model.parameters):
        step = 1e-4 * p.scale
        up, down = theta.copy(), theta.copy()
        up[i] += step
        down[i] -= step
        slope = (model.expected(up) - model.expected(down)) / (2 * step)
        # relative to the largest slope: central differences lose 1e-16/1e-4 to rounding and
        # 1e-8 to the third derivative; the tables are splines of the third degree, whose
        # derivative jumps in its curvature between knots
        scale = np.abs(slope).max()
        assert scale > 0 or p.name in ("sns.flux",), p.name
        assert np.abs(jacobian[i] - slope).max() < 1e-5 * scale, p.name


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_batch_is_a_loop(with_radius, question):
    model = with_radius.model(question)
    theta = away_from_nominal(model, size=(2, 3))
    expected = model.expected(theta)
    assert expected.shape == (2, 3, 99)
    theta, expected = theta.reshape(6, -1), expected.reshape(6, -1)
    mu, jacobian = model.linearise(theta)
    assert jacobian.shape == (6, len(model.parameters), 99)
    for k in range(6):
        # the order of sums in a matrix product may differ
        one, (mu_one, jacobian_one) = model.expected(theta[k]), model.linearise(theta[k : k + 1])
        assert np.allclose(expected[k], one, rtol=1e-12, atol=0)
        assert np.allclose(mu[k], mu_one[0], rtol=1e-12, atol=0)
        assert np.allclose(jacobian[k], jacobian_one[0], rtol=1e-10, atol=1e-12)


def test_the_count_question_normalises_the_signal(csi):
    model = csi.model("count")
    theta = away_from_nominal(model)
    assert signal(model, theta).sum() == pytest.approx(theta[0], rel=1e-12)
    assert "sns.flux" not in model.parameters
    components = model.components(theta)
    assert np.allclose(sum(components.values()), model.expected(theta), rtol=1e-13)
    for name in ("ssb", "brn", "nin"):
        assert components[name].sum() == pytest.approx(theta[model.parameters.index(name)])


def test_cross_section_and_flux_scale_the_signal(csi):
    model = csi.model("cross-section")
    nominal = model.parameters.values
    double = model.parameters.at({"cross-section": 2 * csi.cross_section_cm2 * 1e40}).values
    assert signal(model, double) == pytest.approx(2 * signal(model, nominal))
    more = model.parameters.at({"sns.flux": 1.1, "form_factor": 0.9}).values
    assert signal(model, more) == pytest.approx(0.99 * signal(model, nominal))
    assert signal(model, nominal).sum() == pytest.approx(331.42, abs=0.01)


def test_the_angle_moves_the_proton_coupling(csi):
    """At sin2 = 0.23857 the scheme is as named; g_V^p moves by -2 (sin2 - 0.23857)."""
    model = csi.model("sin2-theta-w")
    i = model.parameters.index("sin2-theta-w")
    nominal = model.parameters.values
    moved = nominal.copy()
    moved[i] += 0.05
    ratio = signal(model, moved).sum() / signal(model, nominal).sum()

    def rise(z: int, n: int) -> float:
        return ((-0.0702 * z - 0.5117 * n) / (0.0298 * z - 0.5117 * n)) ** 2

    # between Cs and I; the axial part, a thousandth, does not move
    assert rise(55, 78) < ratio < rise(53, 74)


def test_a_larger_neutron_radius_lowers_the_rate(with_radius):
    model = with_radius.model("cross-section")
    i = model.parameters.index("r_n")
    counts = []
    for radius in (0.95, 1.0, 1.05):
        theta = model.parameters.values
        theta[i] = radius
        counts.append(signal(model, theta).sum())
    assert counts[0] > counts[1] > counts[2]
    # F^2 ~ exp(-(q R)^2/3): d ln F^2/d ln R = -2 (q R)^2/3, with R = 5 fm from -0.7 at 6 keV to
    # -3.2 at 30 keV, and neutrons make 1.04 of the amplitude
    assert 0.7 * 0.05 < counts[0] / counts[1] - 1 < 3.3 * 0.05


def test_a_constrained_angle_is_a_nuisance_of_the_other_questions(user_file):
    experiment = load(user_file(ANGLE))
    model = experiment.model("cross-section")
    theta = away_from_nominal(model)
    i = model.parameters.index("sin2_theta_w")
    up, down = theta.copy(), theta.copy()
    up[i] += 1e-5
    down[i] -= 1e-5
    slope = (model.expected(up) - model.expected(down)) / 2e-5
    assert np.allclose(model.linearise(theta[None])[1][0, i], slope, rtol=1e-6, atol=1e-6)
    asked = experiment.model("sin2-theta-w")
    assert asked.parameters["sin2_theta_w"].role == "poi"
    assert sum(p.name == "sin2_theta_w" for p in asked.parameters) == 1


def test_pulls_end_where_the_tables_end(csi):
    """A parameter moved beyond its table would move nothing and say nothing."""
    model = csi.model("cross-section")
    for name in ("t0", "qf.csi.0", "qf.csi.1", "efficiency"):
        p = model.parameters[name]
        assert p.lower > -np.inf, name
        assert p.upper < np.inf, name
        for end, inside in ((p.lower, 1e-3), (p.upper, -1e-3)):
            theta = model.parameters.at({name: end}).values
            near = model.parameters.at({name: end + inside * p.scale}).values
            assert not np.array_equal(model.expected(theta), model.expected(near)), name


def test_expected_counts_are_never_negative(csi):
    model = csi.model("cross-section")
    p = model.parameters
    rng = np.random.default_rng(3)
    low = np.array([max(q.lower, q.value - 6 * q.scale) for q in p])
    high = np.array([min(q.upper, q.value + 6 * q.scale) for q in p])
    theta = rng.uniform(low, high, (500, len(p)))
    assert model.expected(theta).min() >= 0
