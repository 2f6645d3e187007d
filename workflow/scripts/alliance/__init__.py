"""From cohort survey to persistence: the working alliance measured, linked and verified."""
