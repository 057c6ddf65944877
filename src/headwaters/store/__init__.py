"""Floor 2: the memory. Tables, named queries, migrations, and two verbs: read and write."""
