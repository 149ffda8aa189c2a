"""Many triggers in one migration."""

from django.db.migrations.state import ProjectState
from pgtrigger import migrations


class AddTrigger(migrations.AddTrigger):
    """pgtrigger's own renders anew every model around the trigger's: 40 times, a second of CPU.

    No operation reads the triggers of a rendered model.
    """

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        options = state.models[app_label, self.model_name].options
        options["triggers"] = [*options.get("triggers", []), self.trigger]
