"""The room of orders, payments and the ledger: its rules."""
