"""The public names: a change here is a change of the API, said in the changelog."""

from __future__ import annotations

import importlib

import pytest

PUBLIC = {
    "cevns": (
        "Study __version__ catalogue cite couplings flux_averaged_cross_section form_factor load "
        "material nuclide recoil_spectrum"
    ),
    "cevns.analysis": (
        "Alternatives CevnsLimit CombinedFit Comparison CouplingFamily FieldScan Flux Measurement "
        "Profile Rate Request Scan ScanPlan Sensitivity StrengthLimit Systematics ToyStudy ask "
        "cevns_limit channel_counts combined_fit compare expected_counts fluxes measure "
        "profile_experiments rates scan scan_field scan_plan sensitivity_of strength_limit "
        "study_toys systematic_effects"
    ),
    "cevns.dark_sector": (
        "ChiKind Leptophobic Portal VectorPortal chi_width_mev epsilon_of mediator_width_mev "
        "visible_width_mev y_dm_of"
    ),
    "cevns.detectors": (
        "Efficiency Quenching QuenchingCurve Resolution Response ResponseModel ResponseTable "
        "SharpResponse TimeTable Variation bin_response efficiency_model quenching_model "
        "resolution_model smooth_cuts time_bins"
    ),
    "cevns.experiments": ("Experiment JointExperiment catalogue load load_joint"),
    "cevns.inference": (
        "Channel Component Data FitResult FittedParameter Interval Likelihood Model ProfileCurve "
        "asimov fit function_model interval observed profile significance"
    ),
    "cevns.likelihood_files": (
        "Export ImportedFit ImportedLikelihood Inspection export inspect read_likelihood"
    ),
    "cevns.processes": (
        "DarkKinematics "
        "CONTACT Combined ELECTRON ELECTRON_CONTACT ElectronScattering Extension Factor "
        "FluxFactor ForFormFactor ForSource FromElsewhere Interaction KernelProcess Kinematics "
        "MASSLESS Massive "
        "Massless NeutronRadii Process Proportional ProtonRadii Quantity Shape StandardModel Steep "
        "Structured OfNuclides ToLevel "
        "Term Threshold at_place bounded check_species degeneracy differential_cross_section "
        "electron_scattering factors_at interaction interactions is_kernel is_steep keeps_spectra "
        "kinematics lma_dark matters_at_electrons nuclear_factors own_neutron_radius process "
        "proton_radius quantity_of recoil_ends_kev signal_title structure_of term_kinematics "
        "total_cross_section Several Upscattering"
    ),
    "cevns.rates": (
        "FluxAveraged Radii flux_averaged_cross_section flux_averaged_slope recoil_spectrum"
    ),
    "cevns.report": (
        "change_figure correlation_figure data_figure declared_figures fit_figures flux_figure "
        "poisson_interval prediction_figures profile_figure project projection_figure "
        "pull_figure recoil_figure residual_figure save"
    ),
    "cevns.sources": ("PulsedSource SNS Source SteadySource protons_on_target source sources"),
    "cevns.study": ("Study load"),
}


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names(package: str) -> None:
    module = importlib.import_module(package)
    names = PUBLIC[package].split()
    assert sorted(module.__all__) == sorted(names)
    missing = [name for name in names if not hasattr(module, name)]
    assert not missing


def test_what_a_user_sees_of_the_package() -> None:
    import cevns

    assert dir(cevns) == sorted(PUBLIC["cevns"].split())


def test_methods_of_a_study() -> None:
    from cevns import Study

    asked = [
        "compare",
        "export",
        "fit",
        "limit",
        "predict",
        "profile",
        "rate",
        "scan",
        "scan_field",
        "systematics",
        "toys",
    ]
    assert all(callable(getattr(Study, name)) for name in asked)
