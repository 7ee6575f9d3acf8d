"""What a city tells by itself: weather, traffic, positions, visits to the app."""
