"""The room of works, editions and files: its rules."""
