"""What each page is given: frozen, typed values, ready to be shown.

A template gets two names: `site` (contexts.common.Site) and `page` (the context of its page). Together they are the
contract for themes, written down in docs/develop/pages.md; a test holds the two together. Text is plain (templates
escape it) unless its type is Markup, which was cleaned where it was made.
"""
