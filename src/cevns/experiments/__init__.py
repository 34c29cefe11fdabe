"""Measurements as declarations: one YAML file each, where physics meets statistics."""

from cevns.experiments.declaration.loader import catalogue
from cevns.experiments.experiment import Experiment, load
from cevns.experiments.joint import JointExperiment, load_joint
from cevns.experiments.questions import ExperimentModel

__all__ = ["Experiment", "ExperimentModel", "JointExperiment", "catalogue", "load", "load_joint"]
