"""The pages of the book, as its table of contents has them."""

import re

from spareparts.execute import ROOT

PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
