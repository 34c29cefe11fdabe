"""Published results on solar 8B that are no counts: PandaX-4T, XENON1T, LZ."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import cevns
from cevns.exceptions import CevnsWarning, InputError


def test_pandax_is_its_published_flux():
    result = cevns.load("pandax4t-2024").fit(poi="flux")
    poi = result.fit["flux"]
    assert poi.value == pytest.approx(8.4e6, rel=1e-3)
    assert poi.error_up == pytest.approx(3.1e6, rel=1e-3)
    assert poi.unit == "cm-2 s-1"


def test_pandax_by_counting():
    # an independent profile of two Poisson terms: x = 0.72, 6.1 +3.7 -3.5 e6, 1.79 sigma
    study = cevns.load("pandax4t-2024", overrides={"variant": "counting"})
    predicted = study.fit(poi="flux").components["cevns"].prediction
    assert predicted == pytest.approx((3.5 + 75.0) * 5.25 / 8.4, rel=1e-3)
    result = study.fit(poi="flux")
    poi = result.fit["flux"]
    assert poi.value / 8.4e6 == pytest.approx(0.72, abs=0.01)
    assert poi.error_up == pytest.approx(3.7e6, abs=0.1e6)
    assert poi.error_down == pytest.approx(3.5e6, abs=0.1e6)
    assert result.z == pytest.approx(1.79, abs=0.02)


def test_pandax_weak_mixing_angle():
    poi = cevns.load("pandax4t-2024").fit(poi="sin2-theta-w").fit["sin2_theta_w"]
    assert poi.value == pytest.approx(0.33, abs=0.005)
    assert poi.error_up == pytest.approx(0.08, abs=0.01)
    assert poi.error_down == pytest.approx(0.09, abs=0.01)


def test_the_limit_of_xenon1t():
    # the half gaussian is made of the published number
    limit = cevns.load("xenon1t-2020").limit()
    assert limit.flux_cm2_s == pytest.approx(1.4e7, rel=1e-3)
    profile = cevns.load("xenon1t-2020").fit(poi="flux").fit["flux"]
    assert profile.value < 1e4


def test_lz_is_in_no_fit():
    study = cevns.load("lz-2025")
    for asked in (
        lambda: study.fit(),
        lambda: study.fit(asimov=True),
        lambda: study.limit(observed=3),
        lambda: study.toys(10, seed=1),
        lambda: cevns.load("lz-2025", "pandax4t-2024").fit(),
        lambda: cevns.load("lz-2025", models="nsi").scan({"eps_ee_u": np.linspace(0, 1, 3)}),
    ):
        with pytest.raises(InputError, match=r"lz-2025 cannot be fitted: .*HEPData"):
            asked()
    assert study.rate() is not None


@pytest.mark.slow
def test_one_sun_has_one_flux():
    both = cevns.load("xenonnt-2026", "pandax4t-2024")
    result = both.fit(poi="flux")
    found = result.fit["flux"]
    assert result.poi is found
    assert all(r.poi is None for r in result.results.values())
    # PandaX-4T is a gaussian: the sum of a parabola and of XENONnT's own profile
    curve = cevns.load("xenonnt-2026").profile(poi="flux", points=81).curve
    rise = CubicSpline(curve.values, curve.rise + ((curve.values - 8.4e6) / 3.1e6) ** 2)
    fine = np.linspace(4e6, 1e7, 6001)
    assert found.value == pytest.approx(fine[np.argmin(rise(fine))], rel=2e-3)
    inside = fine[rise(fine) < rise(fine).min() + 1.0]
    assert found.value + found.error_up == pytest.approx(inside[-1], rel=2e-3)
    assert found.value - found.error_down == pytest.approx(inside[0], rel=2e-3)
    # and the mean weighted by the errors that face each other is near, not the same
    xenonnt = cevns.load("xenonnt-2026").fit(poi="flux").fit["flux"]
    weights = np.array([xenonnt.error_up, 3.1e6]) ** -2.0
    mean = np.average([xenonnt.value, 8.4e6], weights=weights)
    assert found.value == pytest.approx(mean, rel=0.03)
    error = 0.5 * (found.error_up + found.error_down)
    assert error == pytest.approx(weights.sum() ** -0.5, rel=0.1)
    assert found.error_up < min(xenonnt.error_up, 3.1e6)


def test_the_files_say_whether_the_flux_is_one():
    each = cevns.load("conus-plus-2025", "pandax4t-2024").fit(poi="flux", asimov=True, minos="none")
    assert each.poi is None
    assert {n: f"{r.poi.value:.3g}" for n, r in each.results.items()} == {
        "conus-plus-2025": "1.47e+13",
        "pandax4t-2024": "5.25e+06",
    }
    # the same Sun with a flux of its own in one of them, so that its unit is another
    study = cevns.load(
        "xenonnt-2026",
        "pandax4t-2024",
        overrides={"pandax4t-2024:source.fluxes": "b16-gs98"},
    )
    with pytest.warns(CevnsWarning, match=r"share sun.b8, .* 5.25e\+06 and 5.46e\+06 /cm2/s"):
        result = study.fit(poi="flux", minos="none")
    assert result.results["pandax4t-2024"].poi.value == pytest.approx(8.4e6, rel=0.01)


def test_a_flux_of_ones_own_is_not_shared():
    # what is not 'shared' in one of the files is the flux there alone
    study = cevns.load(
        "xenonnt-2026",
        "pandax4t-2024",
        overrides={"pandax4t-2024:parameters.sun.b8.shared": "false"},
    )
    with pytest.warns(CevnsWarning, match="'sun.b8' is shared in xenonnt-2026 but not in"):
        result = study.fit(poi="flux", minos="none")
    fluxes = {n: r.poi.value for n, r in result.results.items()}
    assert fluxes["pandax4t-2024"] == pytest.approx(8.4e6, rel=0.01)
    assert fluxes["xenonnt-2026"] == pytest.approx(5.2e6, rel=0.02)


def test_one_size_of_the_cross_section_of_all():
    # the gaussian mean of both, in units of the prediction, lies between them
    result = cevns.load("xenonnt-2026", "pandax4t-2024", "xenon1t-2020").fit()
    scale = result.fit["cross_section_scale"].value
    assert 0.99 < scale < 1.6


def test_the_flux_of_a_reactor_is_that_of_its_file():
    study = cevns.load("conus-plus-2025")
    expected = study.fit(poi="flux", asimov=True).fit["flux"]
    source = study.experiments[0].source
    total = source.duty * sum(source.flux_cm2_s(f) for f in source.flavours)
    assert expected.value == pytest.approx(total, rel=1e-3)


def test_what_acts_on_the_flux_is_held_beside_it():
    study = cevns.load("xenonnt-2026")
    assert study.fit(poi="flux", minos="none").fit["sun.b8"].fixed
    assert not study.fit(poi="cross-section", minos="none").fit["sun.b8"].fixed


def test_only_values_have_a_unit():
    assert cevns.load("pandax4t-2024").experiments[0].unit == "1e6 /cm2/s"
    assert cevns.load("xenonnt-2026").experiments[0].unit == "events"
    with pytest.raises(InputError, match="'unit' applies to 'values', not to counts"):
        cevns.load("coherent-csi-2021", overrides={"data.unit": "1e6 /cm2/s"})
