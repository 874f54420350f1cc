"""Sphinx extension: nothing looks for garbage while pages are made, as nearly all that is made stays to the end.

Looking through millions of nodes ever again took a fifth of a build's time; without it a build takes 1.2 GB, not 0.9.
"""

import gc


def setup(app):
    """Called by Sphinx."""
    gc.disable()
    app.connect("build-finished", lambda app, error: gc.enable())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
