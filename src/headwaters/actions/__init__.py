"""Floor 3: verbs inside one transaction. Functions of a connection, values, now and randomness; nothing outside."""
