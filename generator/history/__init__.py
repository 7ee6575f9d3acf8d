"""A user's own history: read by a mapping, checked row by row, completed by simulation, published as one unit."""
