"""Fixtures of the tests of runs and of the pipeline's notebooks."""

from tests.notebooks.notebook_fixtures import own_folders, write_notebook
from tests.services.stores import stores

__all__ = ["own_folders", "stores", "write_notebook"]
