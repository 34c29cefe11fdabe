"""All slips of a file at once, and the schema that an editor checks it with."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cevns.exceptions import SchemaError, UnknownNameError
from cevns.experiments.declaration.document import parse
from cevns.experiments.declaration.loader import CATALOGUE
from cevns.experiments.file_schema import file_schema
from cevns.experiments.own_file import templates
from cevns.experiments.slips import slips

TEMPLATES = CATALOGUE.parent / "templates"
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BROKEN = """\
schema: 1
name: own
source: {kind: reactor, power: 3 kg, distanc: 10 m}
target: {material: Ge, mass: 1}
interaction: {kind: standard-model, couplings: tree-low}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.6, kay: 0.162}
  resolution: {kind: gauss}
  foo: 1
axes: {energy: {unit: keVee, edges: [0.3, 0.2]}}
parameters:
  flux: {constraint: 1 +/- 0.1, acts_on: sgnal}
  a: {value: [1], acts_on: signal}
bar: 3
"""
WHERE = [
    (3, "source.distanc"),
    (3, "source.power"),
    (4, "target.mass"),
    (5, "interaction.couplings"),
    (7, "detector.quenching.kay"),
    (8, "detector.resolution.kind"),
    (9, "detector.foo"),
    (10, "axes.energy.edges"),
    (12, "parameters.flux.acts_on"),
    (13, "parameters.a.value"),
    (14, "bar"),
]


def test_every_slip_is_found_with_its_line_and_field(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    found = slips(path)
    assert [(e.line, e.field) for e in found if isinstance(e, SchemaError)] == WHERE
    assert len(found) == len(WHERE)


def test_a_field_of_several_forms_is_one_slip(tmp_path):
    path = tmp_path / "own.yaml"
    text = (TEMPLATES / "reactor.yaml").read_text()
    path.write_text(text.replace("energy: {kind: flat}", "energy: {kind: flat, slope: x}"))
    (only,) = slips(path)
    assert "energy.slope" in str(only)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("z: 32", "z: 54", "quenching of nuclei with Z = 54"),
        ("ge.lindhard_k: {error", "k: {error", "'k' has no parameter"),
        ("from: 200, to: 800", "from: 70000, to: 70600", "no CEvNS event is expected"),
        ("energy: {kind: flat}", "energy: {file: no.csv}", "no.csv"),
    ],
)
def test_what_does_not_fit_together_is_found_too(old, new, said, tmp_path):
    path = tmp_path / "own.yaml"
    text = (TEMPLATES / "reactor.yaml").read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert any(said in str(slip) for slip in slips(path)), [str(s) for s in slips(path)]


def test_a_file_that_is_no_yaml_has_one_slip(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("a: [1\nb: }")
    (only,) = slips(path)
    assert "not a usable YAML file" in str(only)
    with pytest.raises(UnknownNameError):
        slips("no-such-name")


def test_combinations_are_checked(tmp_path):
    assert not slips("global")
    path = tmp_path / "both.yaml"
    path.write_text("combination: [coherent-csi-2021, no-such-name]\nname: both\n")
    (only,) = slips(path)
    assert "no-such-name" in str(only)


@pytest.mark.parametrize("name", templates())
def test_templates_have_no_slips(name):
    assert not slips(TEMPLATES / f"{name}.yaml")


def test_the_schema_takes_every_shipped_file():
    validator = Draft202012Validator(file_schema())
    paths = [*CATALOGUE.glob("*.yaml"), *TEMPLATES.glob("*.yaml"), *EXAMPLES.glob("*.yaml")]
    documents = {p: parse(p).values for p in paths}
    whole = {p: dict(v) for p, v in documents.items() if "schema" in v}
    assert len(whole) > 60
    wrong = {p.name: [e.message for e in validator.iter_errors(v)] for p, v in whole.items()}
    assert not {name: said for name, said in wrong.items() if said}


def test_the_schema_finds_slips_of_fields_and_models(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    validator = Draft202012Validator(file_schema())
    said = " ".join(
        f"{'.'.join(map(str, e.absolute_path))}: {e.message}"
        for e in validator.iter_errors(dict(parse(path).values))
    )
    for word in ("distanc", "kay", "foo", "bar", "sgnal", "target.mass"):
        assert word in said


def kinds(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where sections with a kind stand."""
    if isinstance(value, dict):
        if "kind" in value:
            yield path
        for key, inner in value.items():
            yield from kinds(inner, (*path, key))


def test_the_schema_knows_the_fields_of_every_kind():
    """A field that no model has is found in each place that a shipped file has a kind in."""
    validator = Draft202012Validator(file_schema())
    tried = set()
    for file in CATALOGUE.glob("*.yaml"):
        document = parse(file).values
        for path in kinds({k: v for k, v in document.items() if k != "variants"}):
            named = path[:1] if path[0] in ("backgrounds", "channels", "components") else ()
            place = (*named, *path[2 if named else 0 :])
            if place in tried:
                continue
            tried.add(place)
            changed = copy.deepcopy(document)
            section: Any = changed
            for key in path:
                section = section[key]
            section["unheard_of"] = 1
            assert not validator.is_valid(changed), f"{file.name}: {'.'.join(map(str, path))}"
    assert len(tried) >= 16


BEAM = [
    # (as the template has it, as it is written wrongly, line, field, what is said)
    ("sns-ppu", "sns-pup", 13, "source.facility", "unknown stopped-pion facility"),
    ("years: 3 ", "years: -3 ", 14, "source.years", "must be positive"),
    ("distance: 20 m", "distance: 0 m", 15, "source.distance", "must be positive"),
    ("  qf: {constraint", "  q: {constraint", 27, "detector.quenching.variations.qf", "no param"),
    ("scale: 20 PE", "scale: 20 keVee", 40, "backgrounds.steady.energy", "not of light"),
    ("scale: 15 PE", "scale: 15 keVee", 45, "backgrounds.brn.energy", "not of light"),
]


def test_nothing_hides_what_does_not_fit_together(tmp_path):
    """Slips of models, of fields that belong together and of units are found in one run."""
    text = (TEMPLATES / "beam.yaml").read_text()
    for old, new, *_ in BEAM:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "own.yaml"
    path.write_text(text)
    found = slips(path)
    assert [(e.line, e.field) for e in found if isinstance(e, SchemaError)] == [
        (line, field) for _, _, line, field, _ in BEAM
    ]
    for slip, (*_, said) in zip(found, BEAM, strict=True):
        assert said in str(slip)
    # a field that does not exist does not hide them
    path.write_text(text.replace("  brn:\n", "  brn:\n    foo: 1\n"))
    assert {str(s) for s in slips(path)} > {
        str(s).replace("line 45", "line 46") if "brn" in str(s) else str(s) for s in found
    }


def test_one_sided_variation_and_missing_tables_are_one_slip_each(tmp_path):
    text = (TEMPLATES / "beam.yaml").read_text()
    path = tmp_path / "own.yaml"
    path.write_text(text.replace("plus: 0.094, minus: 0.086", "plus: 0.094"))
    (only,) = slips(path)
    assert isinstance(only, SchemaError)
    assert (only.line, only.field) == (27, "detector.quenching.variations.qf.minus")
    path.write_text(text.replace("plus: 0.094, minus: 0.086", "up: 0.094"))
    (only,) = slips(path)
    assert "expected a variation" in str(only)
    for shape in ("{kind: exponential, scale: 20 PE}", "{kind: exponential, scale: 15 PE}"):
        text = text.replace(shape, f"{{file: no-{len(text)}.csv}}")
    path.write_text(text)
    found = slips(path)
    assert [(e.line, e.field) for e in found if isinstance(e, SchemaError)] == [
        (40, "backgrounds.steady.energy.file"),
        (45, "backgrounds.brn.energy.file"),
    ]
    assert len(found) == 2
    assert all("does not exist" in str(slip) for slip in found)


@pytest.mark.parametrize("a", [5.0, 1.001])
def test_an_efficiency_above_one_is_a_slip(a, tmp_path):
    text = (TEMPLATES / "beam.yaml").read_text()
    assert "coefficients: [1.0, 0.5, 9.0, 0.0]" in text
    path = tmp_path / "own.yaml"
    path.write_text(text.replace("coefficients: [1.0,", f"coefficients: [{a},"))
    (only,) = slips(path)
    assert isinstance(only, SchemaError)
    assert only.field == "detector.efficiency.energy"
    assert f"the efficiency is {a:g} at 60; it must lie between 0 and 1" in only.message


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("interaction", "couplings", "tree-low"),
        ("interaction", "form_factor", "klain-nystrand"),
        ("interaction", "kind", "standard-modl"),
        ("target", "material", "CsJ"),
        ("source", "facility", "sns-pup"),
    ],
)
def test_the_schema_knows_the_names_of_the_registries(section, field, value):
    document = copy.deepcopy(dict(parse(TEMPLATES / "beam.yaml").values))
    validator = Draft202012Validator(file_schema())
    assert validator.is_valid(document)
    document[section][field] = value
    assert not validator.is_valid(document)


def test_the_schema_describes_fields_with_the_words_of_their_classes():
    schema = file_schema()
    assert schema["properties"]["live_time"]["description"] == "days of data"
    exposure = schema["$defs"]["ChannelEntry"]["properties"]["exposure"]["description"]
    assert exposure == "what backgrounds, and the signal, are multiplied with"
    sections = [schema, *schema["$defs"].values()]
    fields = [f for s in sections for n, f in s.get("properties", {}).items() if n != "kind"]
    described = [f for f in fields if "description" in f]
    assert len(described) > 0.7 * len(fields)
