"""A city made of an OpenStreetMap extract: streets, zones, restaurants and a profile to edit."""
