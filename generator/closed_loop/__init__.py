"""A city whose couriers do what a dispatcher outside says, so that a real dispatcher can be judged in it."""
