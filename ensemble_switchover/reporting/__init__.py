"""The report on a study: figures, tables and a page without scripts (without torch)."""
