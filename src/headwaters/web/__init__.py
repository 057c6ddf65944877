"""Floor 5: pages and addresses. Parse, call, show."""
