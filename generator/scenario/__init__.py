"""What offers, rain and a scenario's windows do to a day."""
