"""Figures as lists of shapes, written as SVG (for the page) and PNG (for slides): the same drawing, the same bytes on
every run."""
