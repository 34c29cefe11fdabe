"""A live page: sliders on an experiment, with the numbers of the package behind each of them.

``state`` is what the page shows, as text; ``engine.Engine.evaluate`` makes the view of it, pure and
without a web; ``server`` and ``widget`` carry both to the page, which draws.
"""
