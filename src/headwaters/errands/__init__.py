"""Floor 4: what needs the outside. Action, outside, action; safe to restart at every gap."""
