"""Who is to be cited: entries of a bibliography, and what each was used for.

An item is a key of a carried entry, ``arXiv:1007.1727``, ``doi:10.5281/zenodo.1228631``, BibTeX
text of one's own, or words. A module of a registry has its items in ``CITE``, or says there why it
has none: ``CITE = "none: a point nucleus"``. ``"file: ..."`` says that its numbers are those of the
file that uses it, whose papers are cited then.
"""

from cevns.citations.bibtex_entry import Entry
from cevns.citations.library import entry, identifiers_in, library
from cevns.citations.methods import of_methods
from cevns.citations.used import Citations, Citing, of_model, written

__all__ = [
    "Citations",
    "Citing",
    "Entry",
    "entry",
    "identifiers_in",
    "library",
    "of_methods",
    "of_model",
    "written",
]
