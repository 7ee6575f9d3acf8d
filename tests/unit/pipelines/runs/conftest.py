"""Fixtures of the tests of runs."""

from tests.notebooks.notebook_fixtures import own_folders, write_notebook

__all__ = ["own_folders", "write_notebook"]
