"""Helpers of the tests: real servers, databases, browsers and clients on loopback."""
