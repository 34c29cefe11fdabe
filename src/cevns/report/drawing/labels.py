"""How figures write parameters: the symbol of the field and the unit, by the parameter's name."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import Final

from cevns.report.drawing import style
from cevns.report.drawing.look import current

__all__ = [
    "described",
    "name_text",
    "parameter_label",
    "symbol",
    "symbol_of_the_field",
    "title_text",
]

_SYMBOLS: Final = {
    "cevns": "CEvNS events",
    "cross_section": "Flux-averaged cross section",
    "flux": "Flux of the source",
    "sin2_theta_w": r"$\sin^2\theta_W$",
    "neutron_rms_radius": r"$R_n$",
    "neutron_sphere_radius": r"$R_A$",
    "axial_strength": r"$g_A/g_A^\mathrm{SM}$",
    "m4": r"$m_4$",
    "dipole": r"$d$",
    "c_scalar": r"$C_S$",
    "c_vector": r"$C_V$",
    "c_tensor": r"$C_T$",
    "sin2_theta_34": r"$\sin^2\theta_{34}$",
    "dm2_41": r"$\Delta m^2_{41}$",
    "mu_nu": r"$\mu_{\nu}$",
    "g_zprime": r"$g_{Z'}$",
    "m_zprime": r"$M_{Z'}$",
    "g_scalar": r"$g_{\phi}$",
    "m_scalar": r"$M_{\phi}$",
    "g_tensor": r"$g_{T}$",
    "m_tensor": r"$M_{T}$",
    "sigma_si": r"$\sigma_\mathrm{SI}$",
    "sigma_sd": r"$\sigma_\mathrm{SD}$",
    "sigma_sd_proton": r"$\sigma_\mathrm{SD}^p$",
    "m_wimp": r"$m_\mathrm{WIMP}$",
    "m_chi": r"$m_\chi$",
    "m_v": r"$m_V$",
    "mass_ratio": r"$m_V/m_\chi$",
    "alpha_d": r"$\alpha_D$",
    "alpha_b": r"$\alpha_B$",
    "epsilon": r"$\varepsilon$",
    "y_dm": r"$Y = \varepsilon^2 \alpha_D (m_\chi/m_V)^4$",
    "eta": r"$\eta$",
    "zeta": r"$\zeta$",
}
_PAIR: Final = "(ee|mumu|tautau|emu|etau|mutau)"
_ONE: Final = "(e|mu|tau)"
# {0}, {1} are the groups, written by _group
_FAMILIES: Final = tuple(
    (re.compile(pattern), symbol)
    for pattern, symbol in (
        (rf"eps_{_PAIR}_([ud])", r"\varepsilon_{{{0}}}^{{{1}V}}"),
        (rf"eps_{_PAIR}_([ud])_im", r"\mathrm{{Im}}\,\varepsilon_{{{0}}}^{{{1}V}}"),
        (rf"eps_{_PAIR}", r"\varepsilon_{{{0}}}"),
        (rf"eps_{_PAIR}_im", r"\mathrm{{Im}}\,\varepsilon_{{{0}}}"),
        (rf"charge_radius_{_PAIR}", r"\langle r^2_{{\nu_{{{0}}}}}\rangle"),
        (rf"millicharge_{_PAIR}", r"q_{{\nu_{{{0}}}}}"),
        (rf"mu_nu_{_ONE}", r"\mu_{{\nu_{{{0}}}}}"),
        (rf"dipole_{_ONE}", r"d_{{{0}}}"),
        (r"lambda_([123])", r"\Lambda_{{{0}}}"),
        (rf"sigma_{_ONE}", r"\sigma_{{\nu_{{{0}}}}}/\sigma_{{\nu_{{{0}}}}}^{{\mathrm{{SM}}}}"),
        (rf"sin2_2theta_{_PAIR}", r"\sin^2 2\theta_{{{0}}}"),
        (r"r_n_([a-z]+)", r"R_n(\mathrm{{{0}}})"),
        (r"skin_([a-z]+)", r"\Delta R_{{np}}(\mathrm{{{0}}})"),
        (r"r([246])_n_([a-z]+)", r"\langle R_n^{0}\rangle^{{1/{0}}}(\mathrm{{{1}}})"),
        (r"([a-z]+)(\d*)_cc_scale", r"s_\mathrm{{CC}}({{}}^{{{1}}}\mathrm{{{0}}})"),
        (r"([a-z]+)(\d*)_nc_scale", r"s_\mathrm{{NC}}({{}}^{{{1}}}\mathrm{{{0}}})"),
        (r"q_eff_([a-z]+)(\d+)", r"Q_\mathrm{{eff}}({{}}^{{{1}}}\mathrm{{{0}}})"),
    )
)
_GREEK: Final = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|"
    "omega|Gamma|Delta|Lambda|Sigma|Phi|Omega"
)
_FORMULAS: Final = {"csi": "CsI", "nai": "NaI"}
_LONGEST: Final = 44
"""Letters of a description that fit along the axis of one column."""
_LINE: Final = 32
"""Letters of a line of a title beside a row."""


def symbol(name: str, description: str = "") -> str:
    r"""What a parameter is called: by the user, its symbol, its description, its name.

    A name of one's own without a description that begins with a letter, or a Greek one in words,
    has the rest as an index.

    Args:
        name: of a parameter of a model.
        description: what it is, which names a parameter of one's own that has no symbol; only as
            far as a semicolon or a colon, and not if that is longer than an axis.

    Examples:
        >>> print(symbol("eps_emu_d"), symbol("mu_nu_mu"), symbol("r_n_csi"), symbol("brn"))
        $\varepsilon_{e\mu}^{dV}$ $\mu_{\nu_{\mu}}$ $R_n(\mathrm{CsI})$ brn
        >>> print(symbol("g_x", "coupling of the X boson; zero without it"))
        Coupling of the X boson
        >>> print(symbol("g_contact"), symbol("lambda_mu"))
        $g_\mathrm{contact}$ $\lambda_{\mu}$
    """
    said = current().label(name)
    if said is not None:
        return said
    words = described(description)
    short = style.plain(words) if 0 < len(words) <= _LONGEST else _made_of(name)
    return symbol_of_the_field(name) or short


def symbol_of_the_field(name: str) -> str | None:
    """The symbol that the field writes for a parameter; None where it has none.

    Args:
        name: of a parameter of a model.
    """
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    for pattern, formula in _FAMILIES:
        found = pattern.fullmatch(name)
        if found:
            return f"${formula.format(*map(_group, found.groups()))}$"
    return None


def _made_of(name: str) -> str:
    """A symbol made of a name; the name where that is no letter with an index."""
    found = re.fullmatch(rf"([A-Za-z]|{_GREEK})_(\w+)", name, re.ASCII)
    if found is None:
        return style.plain(name)
    stem = found[1] if len(found[1]) == 1 else rf"\{found[1]}"
    if re.fullmatch(_ONE, found[2]):
        return f"${stem}_{{{_group(found[2])}}}$"
    index = found[2].replace("_", r"\ ")
    return rf"${stem}_\mathrm{{{index}}}$"


def title_text(name: str, description: str = "") -> str:
    r"""What figures of many parameters call one: its symbol, or what it is, on two lines at most.

    The name stands in small type beside, so that the parameter is found.

    Args:
        name: of a parameter of a model.
        description: what it is; only as far as a semicolon or a colon.

    Examples:
        >>> title_text("ssb", "steady-state background"), title_text("cevns")
        ('Steady-state background', 'CEvNS events')
        >>> title_text("qf.csi.0", "first eigen-variation of the CsI quenching curve")
        'First eigen-variation of the CsI\nquenching curve'
        >>> title_text("own")
        'own'
    """
    said = current().label(name)
    if said is not None:
        return said
    known = symbol_of_the_field(name)
    words = described(description)
    if known is not None or not words:
        return known or style.plain(name)
    return style.plain("\n".join(wrap(words, _LINE, max_lines=2, placeholder=" …")))


def described(description: str) -> str:
    """What a parameter is, as far as a semicolon or a colon, with its first letter large.

    Examples:
        >>> described("mean arrival time of the pulse; width chosen here")
        'Mean arrival time of the pulse'
    """
    words = re.split("[;:]", description, maxsplit=1)[0].strip()
    return words[:1].upper() + words[1:]


def name_text(name: str) -> str:
    """What a list of parameters calls one: as the user has it, or by its name."""
    said = current().label(name)
    return style.plain(name) if said is None else said


def _group(text: str) -> str:
    """Flavours as Greek letters, chemical symbols with their capital."""
    if re.fullmatch("(e|mu|tau)+", text):
        return re.sub("mu|tau", lambda m: rf"\{m[0]} ", text).rstrip()
    if text in ("u", "d", "") or text.isdigit():
        return text
    return _FORMULAS.get(text, text.capitalize())


def parameter_label(name: str, unit: str, description: str = "") -> str:
    r"""Axis label of a parameter: what `symbol` calls it and, in brackets, the unit.

    Examples:
        >>> print(parameter_label("dm2_41", "eV2"))
        $\Delta m^2_{41}$ [eV$^2$]
    """
    said = symbol(name, description)
    if name == "cevns" and unit and said == _SYMBOLS["cevns"]:
        said = "CEvNS"  # a published value, which is no number of events
    return style.with_unit(said, unit)
