"""Tests: the folders mirror the floors; support holds what several of them need."""
