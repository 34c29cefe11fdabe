"""Quantities of a process that are measured elsewhere, no rates. One observable a file.

Entries implement `cevns.rates.observable.Observable`.
"""
