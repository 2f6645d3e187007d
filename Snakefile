"""The front door: `snakemake --cores 4` here gives the whole report; the stages stand in workflow/Snakefile."""


include: "workflow/Snakefile"
