"""Measurements as declarations: one YAML file each, where physics meets statistics."""

from cevns.experiments.declaration.loader import catalogue
from cevns.experiments.experiment import Experiment, load
from cevns.experiments.joint import JointExperiment, load_joint

__all__ = ["Experiment", "JointExperiment", "catalogue", "load", "load_joint"]
