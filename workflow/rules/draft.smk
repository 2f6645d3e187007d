rule draft_codebook:
    """A first codebook from the raw files alone, to be edited; one that is there is compared and left as it is."""
    input:
        raw=raw_files(),
        library=library("survey"),
    log:
        f"{LOGS}/draft_codebook.log",
    threads: 1
    params:
        codebook=config["codebook"],
    script:
        "../scripts/draft_codebook.py"
