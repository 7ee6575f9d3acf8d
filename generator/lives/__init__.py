"""What becomes of an order: kitchen, couriers, door, money, review."""
