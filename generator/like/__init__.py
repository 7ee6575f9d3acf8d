"""A city like a user's own: a profile fitted to history, a day generated from it, and how near that day comes."""
