"""The room of what readers hold: ranges, archives, keys: its rules."""
