"""Differentiable functions of a parameter that multiply a shape. One function a file.

Entries implement `cevns.inference.model.factors.Factor` and say besides which values their
argument may have (`lower`).
"""
