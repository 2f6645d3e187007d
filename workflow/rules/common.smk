"""What all stages share: where things stand, what a job's result depends on, and what the user sees."""

# Not workflow.basedir: that is where the front door stands.
SCRIPTS = Path(str(workflow.current_basedir)).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

import _session
from alliance.inputs import all_files
from alliance.study import validate_config

_session.prefer(SCRIPTS)
_session.hush()
CONFIG_FILE = os.path.relpath(workflow.configfiles[-1]) if workflow.configfiles else "config"
# A draft of the codebook needs the inputs of the config only, and comes before everything else is written.
if DRAFTING := _session.drafting():
    if problems := _session.ready_to_draft(config, CONFIG_FILE):
        raise SystemExit(_session.stopped("draft_codebook", problems))
else:
    problems = validate_config(config, CONFIG_FILE) or _session.place_inputs(config, CONFIG_FILE)
# Nothing will run, so there is time to look at the data too and to name everything at once.
if problems:
    from alliance.survey.check import check_study

    problems = list(dict.fromkeys(problems + check_study(config, CONFIG_FILE)[0]))
    raise SystemExit(_session.stopped("check", problems))

RESULTS = config["results"] = config["results"].rstrip("/")
LOGS = f"logs/{config['study']['name']}"
BENCHMARKS = f"benchmarks/{config['study']['name']}"


onstart:
    _session.start(LOGS)


onsuccess:
    _session.say_at_end(_session.drafted(LOGS) if DRAFTING else _session.success(RESULTS))


onerror:
    _session.say_at_end(_session.failure(LOGS))


def result(path):
    """A file under the study's results."""
    return f"{RESULTS}/{path}"


def asked(*blocks):
    """Whether the config asks for all of these stages; ``link.relationship`` is a block inside a block."""

    def there(path):
        node = config
        for key in path.split("."):
            node = (node or {}).get(key)
        return bool(node)

    return all(there(block) for block in blocks)


def raw_files():
    """The raw files of the study, in the order of the config."""
    return [file for entry in config["inputs"].values() for file in all_files(entry)]


def library(*packages):
    """The library's files and the lock: Snakemake does not see that a helper module has changed."""
    root = SCRIPTS / "alliance"
    found = [
        *root.glob("*.py"),
        *(f for p in packages for f in (root / p).rglob("*.py")),
    ]
    assert found, f"no library under {root}"
    return [os.path.relpath(f) for f in sorted(found)] + ["requirements.lock"]


def study_config(*blocks):
    """What a job depends on in the config. A change there, and only there, runs it again."""
    return {"seed": config["seed"], **{block: config.get(block) for block in blocks}}


def end_points():
    """The end points of the stages that the config asks for, before they are searched for persons."""
    wanted = [
        result("report.html"),
        result("codebook.html"),
        result("describe/items.csv"),
        result("verify/receipt.json"),
    ]
    if config.get("claims"):
        wanted.append(result("verify/claims.csv"))
    return wanted


def field_lists():
    """The files of program codes that the outcomes name."""
    fields = (config.get("outcomes") or {}).get("fields") or {}
    return sorted({field["list"] for field in fields.values() if "list" in field})


def declared_draws(wildcards):
    """The plausible values, when they are the study's estimator of the link."""
    if (config.get("link") or {}).get("estimator") != "plausible":
        return {}
    return {
        "draws": result("private/link/plausible.parquet"),
        "about": result("link/draws.csv"),
    }


def targets():
    """Everything that the config asks for, and last the search of all of it for persons."""
    return [*end_points(), result("disclosure/scan.csv")]
