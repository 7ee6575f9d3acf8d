"""A city as data: its profile, typed, and what a profile keeps of places, lives and signals."""
