"""Tags of music and films, by mutagen: on a copy, and never on what its creator wrote."""
