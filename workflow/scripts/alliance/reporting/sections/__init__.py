"""The parts of the page, in reading order. Each takes the results and the labels and returns a section."""
