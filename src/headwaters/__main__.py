"""`python -m headwaters`."""

from headwaters.cli import main

raise SystemExit(main())
