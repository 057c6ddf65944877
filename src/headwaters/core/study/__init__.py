"""The study: what is counted of how a shop goes, and nothing about who."""
