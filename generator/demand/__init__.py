"""Who orders what, where and when."""
