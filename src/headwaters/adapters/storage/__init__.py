"""Where files are kept: the Storage port."""
