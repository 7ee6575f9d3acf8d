"""A trained model for the tests that only look at one."""

from __future__ import annotations

import pandas as pd
import pytest

from models.eta.model import EtaModel
from tests.unit.models.synthetic import silver_orders, trained


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    """Eight days with a known structure; a test that changes them works on a copy."""
    return silver_orders()


@pytest.fixture(scope="session")
def model(orders: pd.DataFrame) -> EtaModel:
    """Trained on the first seven of them."""
    return trained(orders)
