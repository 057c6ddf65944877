"""What fills the ports: one folder a port. Only wiring imports from here."""
