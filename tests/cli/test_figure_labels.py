"""Labels of figures are refused before the work that the figures need."""

from __future__ import annotations

import pytest

from cevns.cli import run
from cevns.study import Study

WORDS = ("coherent-csi-2017", "--fix", "brn")


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the work has begun")

    monkeypatch.setattr(Study, "fit", refuse)
    monkeypatch.setattr(Study, "profile", refuse)


@pytest.mark.parametrize("name", ["nope", "brn"])  # the second is held
@pytest.mark.parametrize("command", ["fit", "profile"])
def test_a_label_of_nothing_is_refused_before_the_fit(command, name, no_work, tmp_path, capsys):
    pytest.importorskip("mplhep")
    plot = ["--plots", "figures"] if command == "fit" else ["--plot", "profile.png"]
    plot[1] = str(tmp_path / plot[1])
    assert run([command, *WORDS, *plot, "--label", f"{name}=x"]) == 2
    said = capsys.readouterr().err
    assert f"unknown parameter of the figures (--label) '{name}'" in said
    assert "cevns" in said.partition("Known:")[2] or "did you mean" in said


def test_a_label_of_a_free_parameter_comes_to_the_fit(no_work, tmp_path):
    pytest.importorskip("mplhep")
    with pytest.raises(AssertionError, match="the work has begun"):
        run(["fit", *WORDS, "--plots", str(tmp_path / "figures"), "--label", "ssb=x"])
