# SPDX-License-Identifier: MIT
"""Judges a page of HTML with nothing but Python's own parser, fast enough for 65,536 of them.

What it asks for: elements that nest and close, unique ids, links that say something and lead to
http(s), to a file beside the page or to an id of it, headings in order, no event handlers, nothing
that a browser would fetch from elsewhere, and a source in each claim.
"""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "input", "br", "hr"}
FETCHES = {"src", "srcset", "action", "formaction", "poster", "data", "background"}
# Elements that may stand within a paragraph; anything else there ends it, which our writer never means.
IN_PARAGRAPH = {"a", "b", "strong", "span", "small", "code", "cite", "time", "em", "img", "br"}


class Markup(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.claims: list[str] = []
        self.claim_sources: list[list[str]] = []
        self.records: list[str] = []
        self.states: list[str] = []
        self.title = ""
        self.words: list[str] = []
        self._open: list[tuple[str, str]] = []
        if not text.startswith("<!DOCTYPE html>\n<html lang=\"en\">"):
            self.faults.append("no doctype, or no language")
        self.feed(text)
        self.close()
        self._judge()

    def fault(self, what: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {what}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) != len(attrs):
            self.fault(f"<{tag}> has an attribute twice")
        self._attributes(tag, given)
        if tag in VOID:
            return
        names = [name for name, _ in self._open]
        if "p" in names and tag not in IN_PARAGRAPH:
            self.fault(f"<{tag}> in a paragraph")
        if tag == "a" and "a" in names:
            self.fault("a link in a link")
        classes = (given.get("class") or "").split()
        self._open.append((tag, classes[0] if classes else ""))
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))
        if "claim" in classes:
            self.claims.append("")
            self.claim_sources.append([])
        if "source" in classes and self.claims and self._within("claim"):
            self.claim_sources[-1].append(given.get("href") or tag)
        if "record" in classes:
            self.records.append("")
        if "state" in classes and tag == "p":
            self.states.append("")

    def _attributes(self, tag: str, given: dict[str, str | None]) -> None:
        for name, value in given.items():
            if name.startswith("on") or name == "style":
                self.fault(f"<{tag} {name}>: a strict policy forbids it")
            if name in FETCHES and not re.match(r"data:|(?:\.\./)*[\w.]+$", value or ""):
                self.fault(f"<{tag} {name}={value}> is fetched from elsewhere")
        if "id" in given:
            if given["id"] in self.ids:
                self.fault(f"id {given['id']} twice")
            self.ids.add(given["id"] or "")
        if tag == "link" and re.match(r"\w+:|//", given.get("href") or ""):
            self.fault(f"a style from elsewhere: {given['href']}")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "img" and not given.get("alt"):
            self.fault("a picture without words")

    def _within(self, class_name: str) -> bool:
        return any(name == class_name for _, name in self._open)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            self.fault(f"</{tag}> closes {self._open[-1:] or 'nothing'}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        names = [name for name, _ in self._open]
        if names[-1:] == ["title"]:
            self.title += data
            return
        if "style" in names or "script" in names:
            return
        self.words.append(data)
        if self.headings and re.search(r"h[1-4]", " ".join(names)):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        for class_name, texts in (("claim", self.claims), ("record", self.records), ("state", self.states)):
            if texts and self._within(class_name):
                texts[-1] += data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def _judge(self) -> None:
        if self._open:
            self.faults.append(f"still open at the end: {self._open}")
        if not self.title:
            self.faults.append("no title")
        levels = [level for level, _ in self.headings]
        if levels.count(1) != 1 or any(b > a + 1 for a, b in zip(levels, levels[1:], strict=False)):
            self.faults.append(f"headings out of order: {levels}")
        if any(not text.strip() for _, text in self.headings):
            self.faults.append("an empty heading")
        for link in self.links:
            inner = link.startswith("#") and link[1:] in self.ids
            if not inner and not re.match(r"https?://\S+$|(?:\.\./)?(?:\d\d/)?(?:index|sitemap|\d+)\.html(?:#[\w-]+)?$",
                                          link):
                self.faults.append(f"a link that leads nowhere: {link!r}")
        for text, sources in zip(self.claims, self.claim_sources, strict=True):
            if len(sources) != 1:
                self.faults.append(f"a claim without its source: {text!r}")
