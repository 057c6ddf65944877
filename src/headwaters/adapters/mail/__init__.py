"""Mail leaves the house through one of these."""
