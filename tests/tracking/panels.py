"""The panels of a W&B workspace or report."""


def panels_of(specification):
    """List the panels of workspace and report, wherever they are."""
    found = []

    def look(value):
        if isinstance(value, dict):
            if "viewType" in value:
                found.append(value)
            for entry in value.values():
                look(entry)
        elif isinstance(value, list):
            for entry in value:
                look(entry)

    look(specification)
    return found
