"""What a notebook shows of an object at the end of a cell fits a few lines."""

import cevns


def test_reprs_are_short():
    study = cevns.load("coherent-csi-2021")
    fitted = study.fit()
    assert repr(study) == "<Study of coherent-csi-2021>"
    assert repr(fitted) == "<Measurement of coherent-csi-2021: cevns = 310.39>"
    assert repr(study.experiments[0]) == "<Experiment coherent-csi-2021>"
    others = [study.model("count"), study.profile(), study.limit(), *study.rate().values()]
    assert max(len(repr(o)) for o in others) < 500
