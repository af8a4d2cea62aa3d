# The checked settings of the run, and where its products go.
from pathlib import Path

from spacegrouper.config import settings_from_mapping, write_settings
from spacegrouper.errors import UserError

try:
    settings = settings_from_mapping(config, "configuration")
except UserError as error:
    raise WorkflowError(str(error)) from None

RUN = f"results/{settings.name}"
# Every program reads this file, so that a command copied from the log runs by hand. It is an
# input of no rule: rules depend on their own section, by their parameters, and not on the others.
CONFIG = f"{RUN}/config.yaml"
write_settings(settings, Path(CONFIG))


def section(*names):
    """Sections of the settings as plain values: a change to them makes a rule's products stale."""
    return settings.model_dump(mode="json", include=set(names))


def growing(amount):
    """Memory or minutes of a job: twice as much at each new try, which a profile may grant."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)
