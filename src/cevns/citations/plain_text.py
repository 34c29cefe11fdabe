"""Entries as people read them: a line of text, or of Markdown with links."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cevns.citations.bibtex_entry import Entry

__all__ = ["escaped", "identified", "markdown", "text", "without_tex"]

_ACCENTS: Final = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
_ACCENT: Final = re.compile(
    r"\{?\\(?:(['`^\"~=.])\s*|([uvHckr])(?:\s+|(?=\{)))(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))\}?"
)
_LETTERS: Final = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
}  # fmt: skip
_COMMANDS: Final = {
    **_LETTERS, "aa": "å", "AA": "Å", "i": "i", "nu": "ν", "mu": "μ", "tau": "τ", "pi": "π",
    "theta": "θ", "beta": "β",
    "gamma": "γ", "alpha": "α", "mathrm": "", "rm": "", "text": "", "emph": "",
    "ensuremath": "", "times": "×", "pm": "±", "rightarrow": "→", "to": "→",
    "dots": "…", "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^",
    "textendash": "–", "sim": "∼", "ell": "ℓ", "varepsilon": "ε", "epsilon": "ε",
    "chi": "χ", "eta": "η", "sigma": "σ", "widehat": "", "circ": "°",
}  # fmt: skip
_SPECIAL: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
    "—": "---", **{letter: f"{{\\{name}}}" for name, letter in _LETTERS.items()},
}  # fmt: skip
_BAR: Final = re.compile(r"\\(?:bar|overline)\s*\{(\\?[A-Za-z]+)\}")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)\s*")
_RAISED: Final = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MOST_AUTHORS: Final = 3


def without_tex(value: str) -> str:
    r"""A value of a field as plain text.

    Examples:
        >>> without_tex(r"{M{\"u}ller}, J. and {\'I}{\~n}igo, V{\'\i}ctor \& {\v{C}} of $^{8}$B")
        'Müller, J. and Íñigo, Víctor & Č of ⁸B'
        >>> without_tex(r"{$e^+e^-$} in {D$_{2}$O}, file\_2")
        'e⁺e⁻ in D₂O, file_2'
        >>> without_tex(r"{$\bar{\nu}_e$}") == "ν\u0304_e"
        True
    """

    def accent(found: re.Match[str]) -> str:
        letter = found[3] or found[4]
        return unicodedata.normalize("NFC", letter + _ACCENTS[found[1] or found[2]])

    plain = _ACCENT.sub(accent, value)
    plain = _BAR.sub("\\1\u0304", plain)
    plain = _COMMAND.sub(lambda m: _COMMANDS.get(m[1], m[1]), plain)
    plain = re.sub(r"\^\{?([\d+-]+)\}?", lambda m: m[1].translate(_RAISED), plain)
    plain = re.sub(r"(?<!\\)_\{?(\d+)\}?", lambda m: m[1].translate(_LOWERED), plain)
    plain = re.sub(r"\\([&%$#_{}])", r"\1", plain.replace("~", " ").replace("--", "–"))
    return re.sub(r"[{}$]", "", plain)


def escaped(words: str) -> str:
    r"""Words as the value of a field: LaTeX in ASCII, as far as letters with accents go.

    Examples:
        >>> escaped("Müller & Co., 5 %")
        'M{\\"u}ller \\& Co., 5 \\%'
    """
    made = {mark: name for name, mark in _ACCENTS.items()}

    def letter(one: str) -> str:
        parts = unicodedata.normalize("NFD", one)
        base, name = parts[0], made.get(parts[1:], "")
        if name:
            return f"{{\\{name}{base}}}" if not name.isalpha() else f"{{\\{name}{{{base}}}}}"
        return _SPECIAL.get(one, one)

    return "".join(letter(one) for one in words)


def _authors(entry: Entry) -> str:
    """Initials and family names; the first of many."""
    written = entry.fields.get("author", "")
    names = [n for n in re.split(r"\s+and\s+", written) if n]
    others = "others" in names
    shown = []
    for name in (n for n in names if n != "others"):
        family, comma, given = (without_tex(part).strip() for part in name.partition(","))
        initials = " ".join(w if w.endswith(".") else f"{w[0]}." for w in given.split())
        shown.append(f"{initials} {family}" if comma else family)
    if others or len(shown) > _MOST_AUTHORS:
        text = f"{shown[0]} et al."
    else:
        text = " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)
    group = without_tex(entry.fields.get("collaboration", ""))
    return f"{text} ({group} Collaboration)" if group and shown else text or group


def _place(entry: Entry) -> str:
    """Journal, volume, year and page, or what stands in their place."""
    fields = {name: without_tex(value) for name, value in entry.fields.items()}
    year = fields.get("year", "")
    if "journal" in fields:
        numbered = " ".join(filter(None, (fields["journal"], fields.get("volume"))))
        dated = f"{numbered} ({year})" if year else numbered
        return " ".join(filter(None, (dated, fields.get("pages", ""))))
    where = ("booktitle", "publisher", "institution", "howpublished", "number", "version")
    said = [fields[n] for n in where if n in fields]
    note = fields.get("note", "")
    return ", ".join(filter(None, (*said, note if note not in entry.identifiers else "", year)))


def _said(entry: Entry) -> tuple[str, ...]:
    """Authors, title and place."""
    return _authors(entry), without_tex(entry.fields.get("title", "")), _place(entry)


def identified(entry: Entry) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The entry as a line of text without its identifiers, and each of these with its address.

    Examples:
        >>> from cevns.citations.library import entry
        >>> identified(entry("arXiv:9912.99999"))
        ('', (('arXiv:9912.99999', 'https://arxiv.org/abs/9912.99999'),))
    """
    links = []
    for name in entry.identifiers:
        kind, _, number = name.partition(":")
        home = "https://arxiv.org/abs/" if kind == "arXiv" else "https://doi.org/"
        links.append((name, home + number))
    return ", ".join(filter(None, _said(entry))), tuple(links)


def text(entry: Entry) -> str:
    """The entry as a line of text.

    Examples:
        >>> from cevns.citations.library import entry
        >>> text(entry("arXiv:1007.1727"))[:62]
        'G. Cowan et al., Asymptotic formulae for likelihood-based test'
    """
    return ", ".join(filter(None, (*_said(entry), *entry.identifiers)))


def markdown(entry: Entry) -> str:
    """The entry as a line of Markdown, the identifiers as links.

    Examples:
        >>> from cevns.citations.library import entry
        >>> markdown(entry("arXiv:9912.99999"))
        '[arXiv:9912.99999](https://arxiv.org/abs/9912.99999)'
    """
    links = [f"[{name}]({address})" for name, address in identified(entry)[1]]
    authors, title, place = map(_safe, _said(entry))
    said = (authors, f"*{title}*" if title else "", place)
    return ", ".join([*filter(None, said), *links])


def _safe(words: str) -> str:
    """Words in which Markdown sees no marks."""
    return re.sub(r"([\\*_`\[\]<>|])", r"\\\1", words)
