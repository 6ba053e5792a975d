"""Using trained ensembles: load their weights, predict with them, export them to other formats."""
