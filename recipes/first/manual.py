# Python's manual: pages to read, and questions that a page answers. What a module is for stands in the page's source
# but not in its text; how a function is called stands in both, so that one asks for a summary and one for a search.
import glob
import os
import re

from missing import LeftOut

SOURCES = "/usr/share/doc/python3.11/html/_sources"
PARTS = ("faq", "howto", "library", "reference", "tutorial")
MOST_READ = 16_000  # characters of a library page that is read; all of them are asked about

# Directives that say how a page is made: they go, with what is indented below them.
ABOUT_THE_PAGE = {
    "audit-event", "contents", "currentmodule", "figure", "highlight", "image", "include", "index", "literalinclude",
    "module", "moduleauthor", "only", "program", "sectionauthor", "tabularcolumns", "testcleanup", "testsetup", "toctree",
}  # fmt: skip
WORDS = {
    "deprecated": "Deprecated since version ", "note": "Note: ", "seealso": "See also: ",
    "versionadded": "New in version ", "versionchanged": "Changed in version ", "warning": "Warning: ",
}  # fmt: skip


def source(part, name):
    with open(os.path.join(SOURCES, part, name), encoding="utf-8") as file:
        return file.read()


def indent(line):
    return len(line) - len(line.lstrip())


def without_directives(lines):
    skipped_below = None  # the indent of a directive whose block goes
    for line in lines:
        if skipped_below is not None:
            if not line.strip() or indent(line) > skipped_below:
                continue
            skipped_below = None
        directive = re.match(r"(\s*)\.\.(?: ([\w:-]+)::)?(?: +(.*))?$", line)
        if not directive:
            yield line
        elif not directive[2] or directive[2] in ABOUT_THE_PAGE:
            skipped_below = indent(line)
        else:
            yield directive[1] + WORDS.get(directive[2], "") + (directive[3] or "")


def readable(rst):
    """The text of a page without its markup: what a person reads, in lines as they were."""
    lines = [line for line in rst.split("\n") if not re.match(r"\s+:[\w-]+:(?!`)", line)]
    text = "\n".join(without_directives(lines))
    text = re.sub(r":[a-z:+]+:`[!~]?([^`<]*?)(?:\s*<[^`>]*>)?`", r"\1", text)
    text = re.sub(r"`([^`<]+?)\s*<[^`>]*>`_+", r"\1", text)
    text = text.replace("``", "`").replace("::\n", ":\n")
    text = re.sub(r"^[=~*^\"#'-]{3,}$", "", text, flags=re.M)
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def pages():
    """{file name: text} of the parts that are prose."""
    found = {}
    for part in PARTS:
        for path in sorted(glob.glob(os.path.join(SOURCES, part, "*.rst.txt"))):
            name = os.path.basename(path).removesuffix(".rst.txt")
            text = readable(source(part, os.path.basename(path)))
            if len(text) > 1000:
                found[f"{part}-{name}"] = text
    if len(found) < 200:
        raise LeftOut("python3.11-doc", f"Python's manual below {SOURCES}", "/usr/share/doc/python3.11/*")
    return found


def is_read(name, page):
    """Whether a page is text to learn to read from: prose, and what the library says in brief."""
    return not name.startswith("library-") or len(page) < MOST_READ


def questions(all_pages):
    """A page of the library, what its module is for, and how its first functions are called."""
    for name, page in all_pages.items():
        if not name.startswith("library-"):
            continue
        rst = source("library", name.removeprefix("library-") + ".rst.txt")
        module = re.search(r"^\.\. module:: *(\S+)", rst, re.M)
        purpose = re.search(r"^ *:synopsis: *(.+)$", rst, re.M)
        if not module or not purpose or len(purpose[1]) < 16:
            continue
        turns = [(f"{page}\nWhat is the module {module[1]} for?", purpose[1].strip())]
        for function, arguments in re.findall(r"^\.\. function:: ([\w.]+)(\(.*\))$", rst, re.M)[:2]:
            turns.append((f"How is {function} called?", function + arguments))
        yield turns


def terms():
    """Short: the glossary."""
    text = readable(source("", "glossary.rst.txt"))
    for term, meaning in re.findall(r"^   ([A-Za-z][\w -]{2,40})\n((?:      .+\n|\n)+)", text, re.M):
        first = re.sub(r"\s+", " ", meaning.strip().split("\n\n")[0])
        if len(first) > 30:
            yield [(f"What does Python call {term}?", first)]
