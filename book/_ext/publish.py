"""Sphinx extension: what others show of a page: its description, a card with a picture, a sitemap, a page 404.

Cards and sitemaps need to know where the site is served: `html.baseurl` in _config.yml. Without it there are none.
"""

from html import escape
from pathlib import Path

from docutils import nodes
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont, ImageOps
from take_away import about as cited

CARD, SIZE = "_static/card.png", (1200, 630)  # in pixels, as those who show cards ask for
PICTURE = "book/executed/verdicts.png"
LONGEST = 200  # characters that search engines show of a description
LOST = "<h1>Not found</h1><p>There is no such page. <a href='{start}'>The first page</a> has a list of all.</p>"


def description(doctree):
    """The beginning of the first paragraph, cut at a word."""
    paragraph = next(iter(doctree.findall(nodes.paragraph)), None)
    text = " ".join(paragraph.astext().split()) if paragraph else ""
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"


def describe(app, pagename, templatename, context, doctree):
    """Put description and card into a page's head."""
    base = app.config.html_baseurl
    if pagename == "404" and base:
        context["metatags"] = f'<base href="{escape(base)}"/>'  # it is shown wherever a page is missing
    if doctree is None:
        return
    about = escape(description(doctree))
    told = {"og:title": escape(context["title"]), "og:description": about, "og:type": "article"}
    if base:
        told |= {"og:image": f"{base}{CARD}", "og:url": f"{base}{pagename}.html", "twitter:card": "summary_large_image"}
    lines = [f'<meta property="{name}" content="{text}"/>' for name, text in told.items()]
    context["metatags"] += "\n".join([f'<meta name="description" content="{about}"/>', *lines])


def lost(app):
    """The page that a server shows where there is none."""
    start = f"{app.config.html_baseurl}book/index.html"
    yield "404", {"title": "Not found", "body": LOST.format(start=start)}, "page.html"


def draw_card(picture, title):
    """A picture of the book under its title, whose second half follows a colon."""
    card = Image.new("RGB", SIZE, "white")
    drawing = ImageDraw.Draw(card)
    for text, height, letters in zip(title.split(": "), (40, 130), (72, 30), strict=True):
        drawing.text((40, height), text, fill="#1a1a1a", font=ImageFont.truetype(findfont("DejaVu Sans"), letters))
    with Image.open(picture) as shown:
        card.paste(ImageOps.contain(shown.convert("RGB"), (SIZE[0] - 80, 400), Image.Resampling.LANCZOS), (40, 210))
    return card


def finish(app, exception):
    """Draw the card, and list all pages for search engines."""
    base = app.config.html_baseurl
    if exception or app.builder.format != "html" or not base:
        return
    draw_card(Path(app.srcdir) / PICTURE, cited()["title"]).save(Path(app.outdir) / CARD, optimize=True)
    places = "".join(f"<url><loc>{escape(base)}{name}.html</loc></url>\n" for name in sorted(app.env.found_docs))
    text = f'<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n'
    (Path(app.outdir) / "sitemap.xml").write_text(text, encoding="utf-8")


def setup(app):
    """Called by Sphinx."""
    app.connect("html-page-context", describe)
    app.connect("html-collect-pages", lost)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
