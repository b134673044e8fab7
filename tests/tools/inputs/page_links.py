"""Says how many links a page has, or which of them lead to no place of it, or to several."""

import collections
import re
import sys

page = open(sys.argv[1], encoding="utf-8").read()
places = collections.Counter(re.findall(r' id="([^"]*)"', page))
links = re.findall(r' href="([^"]*)"', page)
wrong = [link for link in links if not link.startswith("#") or places[link[1:]] != 1]
sys.exit(f"lead nowhere: {wrong[:10]}") if wrong else print(f"{len(links)} links, all of them to one place of the page")
