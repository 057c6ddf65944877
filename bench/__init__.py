"""Speed as ratios, measured side by side in one run in shuffled rounds; never a timed test.

`script/bench [NAME…] [--json] [--long]`. A module here measures one thing and gives rows.
"""
