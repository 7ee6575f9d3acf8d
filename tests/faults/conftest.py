"""Fixtures of the tests of runs and of movers."""

from tests.notebooks.notebook_fixtures import own_folders, write_notebook
from tests.services.processes import workers
from tests.services.stores import fresh_stores, stores

__all__ = ["fresh_stores", "own_folders", "stores", "workers", "write_notebook"]
