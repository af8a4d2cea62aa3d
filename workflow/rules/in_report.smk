# What the report shows, with its titles and captions. Snakemake reads each caption from a file of its
# own: these lie in a folder that goes when it ends, so that parsing leaves nothing behind.
from dataclasses import replace
from tempfile import TemporaryDirectory

from spacegrouper.contract.technique import Shown

CAPTION_FILES = None
if workflow.is_main_process:
    CAPTION_FILES = TemporaryDirectory(prefix="captions-")
SHOWN = {
    category: {name: Shown(*text.split("\n", 1)) for name, text in files.items()}
    for category, files in read_yaml(
        Path(workflow.basedir, "report/captions.yaml")
    ).items()
}
NUMBERS = "The numbers behind the figure of the same name, as CSV."
KINDS = {".svg": "figure", ".html": "page"}


def caption_file(text):
    if CAPTION_FILES is None:
        return None  # a job, which makes no report
    name = hashlib.sha256(text.encode()).hexdigest()
    path = Path(CAPTION_FILES.name, f"{name}.rst")
    path.write_text(text, encoding="utf-8")
    return str(path)


def in_report(category, path, shown=None):
    """A file that the report shows; without `shown`, captions.yaml says what it says of it."""
    shown = shown or SHOWN[category][Path(path).stem]
    kind = KINDS.get(Path(path).suffix, "table")
    return report(
        path,
        caption=caption_file(shown.caption),
        category=category,
        subcategory=f"{kind}s".title(),
        labels={kind: shown.title},
    )


def numbers_in_report(category, path):
    """A table that the report shows with the title of the figure of the same name."""
    shown = SHOWN[category][Path(path).stem]
    return in_report(category, path, replace(shown, caption=NUMBERS))
