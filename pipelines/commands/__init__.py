"""Sub-commands of `dishpatch`, one module an area; each has `register(app)`."""
