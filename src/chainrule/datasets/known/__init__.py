"""Data sets known by name: where they are found, how they are downloaded and checked."""
