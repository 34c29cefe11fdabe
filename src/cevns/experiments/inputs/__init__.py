"""Tables that an experiment brings: counts, background shapes, released templates."""
