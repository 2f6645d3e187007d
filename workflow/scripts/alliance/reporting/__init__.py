"""Numbers, tables, figures, words and the page. Nothing is estimated here: what is shown was computed upstream."""
