"""Streets, ways along them, and how long a ride takes."""
