"""Drafts of mappings: what a user's file shows of itself, and the questions only a person can answer."""
