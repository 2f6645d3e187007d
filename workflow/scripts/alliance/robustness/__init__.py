"""Robustness: simulated studies with a known truth, recovery of that truth."""
