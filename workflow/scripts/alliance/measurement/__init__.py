"""Measurement of the alliance: the menu of models, their fit, reliability, separability and scores."""
