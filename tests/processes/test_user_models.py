from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import couplings, nuclide
from cevns.processes import Extension, StandardModel, interaction, interactions

CS = nuclide("Cs133")
MODEL = """
    import numpy as np

    from cevns.processes import Extension, bounded
    from cevns.parameters import Parameters


    class Contact(Extension):
        name = "contact"
        parameters = Parameters([bounded("eps", "coupling to neutrons", reach=(-1, 1))])

        def amplitudes(self, flavour, nuclide, values):
            new = nuclide.n * self.value(values, "eps")
            return {"mu": (0.0, new)} if flavour in ("nu_mu", "nubar_mu") else {}
"""
# a class with state, a shape made by a helper of the same file, and a mass as structure
MEDIATOR = """
    from __future__ import annotations

    from dataclasses import dataclass

    import numpy as np

    from cevns.processes import Extension, Shape, bounded
    from cevns.parameters import Parameter, Parameters


    @dataclass(frozen=True)
    class Propagator:
        mass_mev: float

        def __call__(self, recoil_energy_kev, nuclide):
            q2 = 2e-3 * nuclide.mass_mev * recoil_energy_kev
            return self.mass_mev**2 / (self.mass_mev**2 + q2)


    @dataclass(frozen=True)
    class Mediator(Extension):
        mass: float = 30.0
        name = "mediator"
        parameters = Parameters([bounded("strength", "of the contact limit")])
        structure = Parameters([Parameter("mass", 30.0, unit="MeV", lower=1e-3)])

        @property
        def shapes(self):
            return (Shape(f"{self.mass}", "n", Propagator(self.mass)),)

        def amplitudes(self, flavour, nuclide, values):
            return {flavour.split("_")[1]: (nuclide.n * self.value(values, "strength"),)}
"""


@pytest.fixture
def write(tmp_path):
    def make(text, name="my_model.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return make


def weights(process, **values):
    return process.weights("nu_mu", CS, values)


def in_worker(process, values):
    import os

    return os.getpid(), process.weights("nu_mu", CS, values), [t.name for t in process.terms]


def test_ten_lines_are_a_model(write):
    process = interaction(str(write(MODEL)), axial=False)
    g = couplings("scholberg2021")
    p, n = CS.z * g.gv_p("mu"), CS.n * (g.gv_n + 0.2)
    assert np.allclose(weights(process, eps=0.2), [p * p, 2 * p * n, n * n], rtol=1e-14)
    assert np.allclose(weights(process), StandardModel(axial=False).weights("nu_mu", CS, {}))
    assert process.name == "contact"
    assert process.parameters.names == ("sin2_theta_w", "eps")


def test_the_example_in_the_documentation_is_a_file(write):
    lines = inspect.getdoc(Extension).splitlines()
    code = [x[8:] for x in lines if x.startswith(("    >>>", "    ..."))]
    until = next(k for k, x in enumerate(code) if "Combined" in x)
    text = "import numpy as np\n" + "\n".join(code[:until])
    assert len([x for x in code[:until] if x.strip()]) <= 10
    process = interaction(str(write(text)))
    assert np.array_equal(
        weights(process, eps=0.1), weights(interaction(str(write(MODEL, "b.py"))), eps=0.1)
    )


def test_it_combines_with_ours(write):
    both = interaction(f"nsi+{write(MODEL)}:Contact", axial=False)
    # u = 0.1 adds 2 Z 0.1 to the protons and N 0.1 to the neutrons, eps = -0.1 takes N 0.1 away
    p, n = CS.z * (0.0298 + 0.2), CS.n * -0.5117
    own = weights(both, eps_mumu_u=0.1, eps=-0.1)
    assert np.allclose(own, [p * p, 2 * p * n, n * n], rtol=1e-13)
    assert both.name == "nsi+contact"


def test_a_plus_in_the_path_is_part_of_it(tmp_path):
    folder = tmp_path / "a+b"
    folder.mkdir()
    path = folder / "c+d.py"
    path.write_text(textwrap.dedent(MODEL), encoding="utf-8")
    assert interaction(str(path)).name == "contact"
    assert interaction(f"{path}:Contact").name == "contact"


def test_a_relative_path_and_an_own_name(write, monkeypatch):
    path = write(MODEL.replace('name = "contact"', ""), "Heavy_Thing.py")
    monkeypatch.chdir(path.parent)
    assert interaction("Heavy_Thing.py").name == "heavy-thing"


def test_options_and_structure(write):
    path = write(MEDIATOR)
    process = interaction(str(path), mass=10.0)
    assert process.extensions[0].mass == 10.0
    assert process.with_structure({"mass": 50.0}).extensions[0].mass == 50.0
    with pytest.raises(InputError, match="has no option 'charge'"):
        interaction(str(path), charge=1.0)


def test_model_chooses_among_several(write):
    two = MODEL + "\n\n    class Other(Contact):\n        name = 'other'\n"
    with pytest.raises(
        InputError, match=r"holds 2 interactions, Contact, Other: name one, .*:Contact"
    ):
        interaction(str(write(two)))
    assert interaction(f"{write(two)}:Other").name == "other"
    assert interaction(str(write(two + "\n\n    MODEL = Other\n"))).name == "other"
    # an object that is built already
    assert interaction(str(write(two + "\n\n    MODEL = Other()\n"))).name == "other"


def test_extensions_that_are_imported_do_not_count(write):
    text = MODEL.replace("import numpy", "from cevns.processes.nsi import NSI\n    import numpy")
    assert interaction(str(write(text))).name == "contact"


PARAMETER = 'bounded("eps", "coupling to neutrons", reach=(-1, 1))'
READ = 'self.value(values, "eps")'
MISTAKES = [  # what is written in place of what, and what the message says
    (
        "import numpy as np",
        "import numpy as np\n    1 / 0",
        "line 3: .*ZeroDivisionError: division",
    ),
    ("(Extension):", "(Extension)", "line 8: .* SyntaxError: expected ':'"),
    ("import numpy as np", "import sys\n    sys.exit(3)", "line 3: .* SystemExit: 3"),
    ("import numpy as np", "import no_such_package", "ModuleNotFoundError: No module named"),
    ("(Extension):", ":", "holds no interaction: write a class that derives from"),
    (PARAMETER, '"eps"', "line 10: .*must be a Parameter, not the str 'eps'"),
    (f"Parameters([{PARAMETER}])", '["eps"]', r"'contact': its parameters must be .*, not list"),
    (READ, 'values["eps"]', r"'contact', line 13: .* left out cannot .*'eps'; read .* self\.value"),
    (
        READ,
        f"float({READ})",
        "line 13: .* with arrays of parameters cannot be evaluated, TypeError",
    ),
    ("(0.0, new)", "(new,)", "cannot be evaluated, ValueError: zip"),
    ("nuclide.n *", "np.inf *", "is not finite"),
    (
        ", values):",
        ", values, xp):",
        r"line 12: Contact\.amplitudes takes the argument xp, but NumPy",
    ),
    (", values):", ", values, xp=np):", "remove the argument and write np for xp inside"),
    ('"eps", "c', '"sin2_theta_w", "c', "'sin2_theta_w' is in both 'standard-model' and 'contact'"),
    (
        "class Contact",
        "MODEL = 3\n\n    class Contact",
        "MODEL is not an interaction: it must derive",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_file_that_does_not_work_is_refused_with_its_line(write, old, new, said):
    assert old in MODEL
    path = write(MODEL.replace(old, new))
    known = set(sys.modules)
    with pytest.raises(InputError, match=said) as caught:
        interaction(str(path))
    message = str(caught.value)
    assert "\n" not in message
    assert "my_model.py" in message or "standard-model" in message
    if "loaded" in message:  # nothing half-made stays behind
        assert not {m for m in set(sys.modules) - known if "user_model" in m}


def test_a_file_that_is_not_there(tmp_path, write):
    with pytest.raises(InputError, match=r"'my_modle.py': the file does not exist; give the path"):
        interaction("my_modle.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        interaction(str(tmp_path / "folder.py"))
    with pytest.raises(InputError, match=r"your own model is a Python file"):
        interaction("models/thing.txt")
    with pytest.raises(
        UnknownNameError,
        match=r"unknown extension in .*my_model.py 'Contakt': did you mean 'Contact'",
    ):
        interaction(f"{write(MODEL)}:Contakt")
    with pytest.raises(InputError, match="np is not an interaction"):
        interaction(f"{write(MODEL)}:np")
    latin = tmp_path / "latin.py"
    latin.write_bytes("# \xe9".encode("latin-1"))
    with pytest.raises(InputError, match="cannot be read as Python text"):
        interaction(str(latin))
    with pytest.raises(UnknownNameError, match="unknown interaction 'nsii': did you mean 'nsi'"):
        interaction("nsii")


def test_a_clash_with_one_of_ours_is_refused(write):
    path = write(MODEL.replace('"eps"', '"eps_ee_u"'))
    assert interaction(str(path)).name == "contact"
    with pytest.raises(InputError, match="'eps_ee_u' is in both 'nsi' and 'contact': rename it"):
        interaction(f"nsi+{path}")


def test_a_file_is_read_once_and_again_when_it_changes(write):
    path = write(MODEL)
    first, second = interaction(str(path)), interaction(str(path))
    assert type(first.extensions[0]) is type(second.extensions[0])
    write(MODEL.replace("nuclide.n *", "2 * nuclide.n *"))
    third = interaction(str(path))
    assert weights(third, eps=0.1) == pytest.approx(weights(first, eps=0.2))
    assert weights(pickle.loads(pickle.dumps(first)), eps=0.2) == pytest.approx(
        weights(first, eps=0.2)
    )


@pytest.mark.parametrize("text", [MODEL, MEDIATOR])
def test_copies_and_pickles_are_the_same_model(write, text):
    process = interaction(f"nsi+{write(text)}")
    extension = process.extensions[1]
    values = {p.name: 0.17 for p in extension.parameters}
    _ = process.terms, process.weights("nu_mu", CS, values)  # fill what is derived
    for again in (pickle.loads(pickle.dumps(process)), copy.deepcopy(process)):
        assert np.array_equal(
            again.weights("nu_mu", CS, values), process.weights("nu_mu", CS, values)
        )
        assert type(again.extensions[1]) is type(extension)
    for shape in process.basis:
        again = pickle.loads(pickle.dumps(shape))
        if shape.of_recoil is not None:
            t = np.array([1.0, 20.0])
            assert np.array_equal(again.of_recoil(t, CS), shape.of_recoil(t, CS))


@pytest.mark.parametrize("text", [MODEL, MEDIATOR])
def test_a_fresh_process_without_the_file_unpickles_it(write, tmp_path, text):
    # what a worker on another machine does: it has neither the file nor our imports
    path = write(text)
    process = interaction(f"nsi+{path}", axial=False)
    (name,) = process.extensions[1].parameters.names
    expected = weights(process, **{name: 0.3})
    (tmp_path / "sent.pickle").write_bytes(pickle.dumps(process))
    path.unlink()
    code = (
        "import pickle, sys\n"
        "process = pickle.load(open(sys.argv[1], 'rb'))\n"
        "from cevns.nuclear import nuclide\n"
        f"found = process.weights('nu_mu', nuclide('Cs133'), {{{name!r}: 0.3}})\n"
        "print(*[w.hex() for w in found.tolist()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "sent.pickle")],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.split() == [w.hex() for w in expected.tolist()]


def test_a_pool_of_spawned_workers(write):
    process = interaction(f"nsi+{write(MEDIATOR)}", mass=12.0)
    values = {"strength": np.array([0.1, 0.2]), "eps_mumu_u": 0.05}
    expected = process.weights("nu_mu", CS, values)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pid, found, names = pool.submit(in_worker, process, values).result(timeout=120)
    assert pid != multiprocessing.current_process().pid
    assert np.array_equal(found, expected)
    assert names == [t.name for t in process.terms]


def test_cloudpickle_sends_it_too(write):
    cloudpickle = pytest.importorskip("cloudpickle", reason="comes with the dist extra")
    process = interaction(str(write(MEDIATOR)))
    again = pickle.loads(cloudpickle.dumps(process))
    assert np.array_equal(weights(again, strength=0.2), weights(process, strength=0.2))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package: a folder on the path with the metadata of its entry points."""

    def install(entries, text=MODEL, name="plugin"):
        module = f"cevns_test_{name}"
        (tmp_path / f"{module}.py").write_text(
            "import sys\n" + textwrap.dedent(text), encoding="utf-8"
        )
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"{k} = {v.format(module)}" for k, v in entries.items()]
        (info / "entry_points.txt").write_text("[cevns.processes]\n" + "\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return module

    return install


def test_a_package_declares_its_interactions(package):
    module = package({"New_Contact": "{}:Contact"})
    assert "new-contact" in interactions()
    assert module not in sys.modules  # listed without being imported
    process = interaction("nsi+new-contact", axial=False)
    assert process.name == "nsi+contact"
    again = pickle.loads(pickle.dumps(process))
    assert np.array_equal(weights(again, eps=0.1), weights(process, eps=0.1))
    assert module in sys.modules


def test_a_package_may_declare_a_module(package):
    package({"whole": "{}"}, name="whole")
    assert interaction("whole").name == "contact"


def test_broken_packages_are_refused(package):
    package({"gone": "{}:Nothing", "number": "{}:np"}, name="broken")
    with pytest.raises(
        InputError, match=r"'gone' \(cevns_test_broken:Nothing\) cannot be imported"
    ):
        interaction("gone")
    with pytest.raises(InputError, match="cevns_test_broken:np"):
        interaction("number")
    package({"gone": "{}:Contact"}, name="second")
    with pytest.raises(InputError, match="'gone' is declared twice, by cevns_test_"):
        interaction("gone")
