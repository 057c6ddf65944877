"""The demo's works, made by code: a film, a piece of music and the creator's handbook as an e-book."""
