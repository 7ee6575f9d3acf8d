"""Fixtures of the service tests."""

from tests.services.processes import workers
from tests.services.stores import fresh_stores, stores

__all__ = ["fresh_stores", "stores", "workers"]
