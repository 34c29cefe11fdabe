"""Whatever is done to a valid file, the answer is a result or one clear sentence."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from cevns.analysis.expected.recoil_rate import rates
from cevns.exceptions import CevnsWarning, InputError, SchemaError
from cevns.experiments import load
from cevns.experiments.declaration.document import Document, parse
from cevns.experiments.declaration.loader import CATALOGUE

SHIPPED = CATALOGUE / "coherent-csi-2021.yaml"


def plain() -> dict[str, Any]:
    values = parse(SHIPPED).values
    assert isinstance(values, dict)
    return copy.deepcopy(values)


def places(node: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and list position of the file."""
    out = [here] if here else []
    if isinstance(node, dict):
        for key, value in node.items():
            out += places(value, (*here, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            out += places(value, (*here, i))
    return out


PLACES = places(plain())
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "", "nan", "inf kg", "-1 kg", "1 kg", "1e400 m", "3 m", "5 us", "0 +/- 0", "1 +/- nan",
            "1 +/- 1", "1e308 +/- 1e307", "-5 +/- 1", "0 keVnr", "gamma", "none", "table", "..",
            "brn", "coherent-csi-2021", "observed", "1e-300 m", "1e300 kg", "poisson", "unity",
        ]
    ),
    st.lists(st.one_of(st.floats(), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.text(max_size=6), st.floats(), max_size=3),
)  # fmt: skip


def change(values: Any, place: tuple[Any, ...], action: str, junk: Any) -> None:
    for key in place[:-1]:
        values = values[key]
    key = place[-1]
    if action == "delete":
        del values[key]
    elif action == "replace":
        values[key] = junk
    elif action == "rename" and isinstance(values, dict):
        values[f"{key}{junk}"] = values.pop(key)
    elif action == "wrap":
        values[key] = [values[key]]
    elif action == "add" and isinstance(values, dict):
        values[str(junk)] = junk
    elif action == "scale" and isinstance(values[key], float | int):
        values[key] = values[key] * (junk if isinstance(junk, float | int) else -1)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / SHIPPED.stem).symlink_to(CATALOGUE / SHIPPED.stem, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CEVNS_DATA", raising=False)
        yield folder


def outcome(path: Path) -> str:
    """Everything short of a fit, which no mistake of the file can reach any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CevnsWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            experiment = load(path)
            rates(experiment, points=5)
            experiment.model("cross-section")
        except InputError as error:
            message = str(error)
            assert message.strip()
            assert "\n" not in message.strip(), message
            assert "pydantic" not in message, message
            assert len(message) < 1500, message
            return message
    return ""


def attempt(workplace: Path, changes: list[tuple[tuple[Any, ...], str, Any]]) -> None:
    values = plain()
    for place, action, junk in changes:
        try:
            change(values, place, action, junk)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    buffer = io.StringIO()
    YAML(typ="safe").dump(values, buffer)
    path = workplace / "changed.yaml"
    path.write_text(buffer.getvalue())
    outcome(path)


ACTIONS = st.sampled_from(["delete", "replace", "rename", "wrap", "add", "scale"])
CHANGES = st.lists(st.tuples(st.sampled_from(PLACES), ACTIONS, JUNK), min_size=1, max_size=2)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
@example(changes=[(("source", "distance"), "replace", "1e-300 m")])
@example(changes=[(("backgrounds", "ssb", "count"), "replace", "1e308 +/- 1e300")])
def test_a_changed_file_gives_a_result_or_a_sentence(workplace, changes):
    attempt(workplace, changes)


@pytest.mark.slow
@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_many_changed_files(workplace, changes):
    attempt(workplace, changes)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["delete", "wrap"])
def test_every_place_once(workplace, action):
    """Delete or wrap every field in turn."""
    for place in PLACES:
        attempt(workplace, [(place, action, None)])


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(data)
    with pytest.raises(SchemaError, match=path.name) as found:
        load(path)
    assert "\n" not in str(found.value)


@settings(max_examples=150, deadline=None)
@given(text=st.text("[]{}:,-&*!#|>'\"% \nab1.\t?", max_size=60))
def test_any_punctuation(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "text.yaml"
    path.write_text(text)
    with pytest.raises(SchemaError, match=path.name) as found:
        load(path)
    assert "\n" not in str(found.value)


@settings(max_examples=200, deadline=None)
@given(key=st.text(max_size=15), value=st.text(max_size=15))
@example(key="target.mass", value="*a")
@example(key="axes.energy.edges.²", value="1")
def test_any_set(key, value):
    document = parse(SHIPPED)
    try:
        changed = document.with_changes({key: value})
    except InputError as error:
        message = str(error)
        assert "--set" in message
    else:
        assert isinstance(changed, Document)


# -- what a file may not do -------------------------------------------------------------------


def test_no_code_is_run(tmp_path):
    marker = tmp_path / "ran"
    path = tmp_path / "evil.yaml"
    for tag in ("!!python/object/apply:os.system", "!!python/object/apply:subprocess.call"):
        path.write_text(f"schema: 1\nname: {tag} ['touch {marker}']\n")
        with pytest.raises(SchemaError, match=r"line 2: .*tag .* has no meaning"):
            load(path)
    assert not marker.exists()


def test_aliases_do_not_explode(tmp_path):
    path = tmp_path / "bomb.yaml"
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    path.write_text("\n".join(rows))
    with pytest.raises(SchemaError, match="more than 100000 values"):
        load(path)
    for deep in ("[" * 200 + "]" * 200, "{a: " * 60 + "1" + "}" * 60):
        path.write_text("a: " + deep)
        with pytest.raises(SchemaError, match="nested too deeply"):
            load(path)


def test_of_two_limits_the_one_that_is_passed_is_named(tmp_path, monkeypatch):
    """As many values as a file may hold, the last of them too deep."""
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * 51 + "]" * 51)
    monkeypatch.setattr("cevns.experiments.declaration.document.LONGEST", 52)
    with pytest.raises(SchemaError, match="nested too deeply"):
        load(path)


def test_lines_are_those_of_the_file():
    document = parse(SHIPPED)
    lines = SHIPPED.read_text().splitlines()
    for place in (("target", "mass"), ("axes", "time"), ("parameters", "sns.flux", "shared")):
        line = document.line(place)
        assert line is not None
        assert str(place[-1]) in lines[line - 1]
    assert document.line(("nothing",)) is None
    assert document.line(("target", "nothing")) == document.line(("target",))
