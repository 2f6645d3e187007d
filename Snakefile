"""The front door: `snakemake --cores 4` here gives the whole report; the stages stand in workflow/Snakefile."""


include: "workflow/Snakefile"


rule all:
    """Everything that the study's config asks for. (Without a rule of its own a front door opens on nothing.)"""
    default_target: True
    input:
        targets(),
