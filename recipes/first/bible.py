# The King James Version: books to read, and tasks whose answers stand in the text, word for word. A verse is quoted
# from passages of every length, so that one question has the whole range of contexts.
import re
import subprocess

from missing import Missing

BOOKS = """Genesis,Exodus,Leviticus,Numbers,Deuteronomy,Joshua,Judges,Ruth,1 Samuel,2 Samuel,1 Kings,2 Kings,1 Chronicles,
2 Chronicles,Ezra,Nehemiah,Esther,Job,Psalms,Proverbs,Ecclesiastes,Song of Solomon,Isaiah,Jeremiah,Lamentations,Ezekiel,
Daniel,Hosea,Joel,Amos,Obadiah,Jonah,Micah,Nahum,Habakkuk,Zephaniah,Haggai,Zechariah,Malachi,Matthew,Mark,Luke,John,Acts,
Romans,1 Corinthians,2 Corinthians,Galatians,Ephesians,Philippians,Colossians,1 Thessalonians,2 Thessalonians,1 Timothy,
2 Timothy,Titus,Philemon,Hebrews,James,1 Peter,2 Peter,1 John,2 John,3 John,Jude,Revelation""".replace("\n", "").split(",")

LONG_CHARACTERS = 200_000  # about 64Ki tokens of a small vocabulary
PASSAGES, COMPLETIONS = 120, 400


def verses():
    """[(book, chapter, verse, text)] in order."""
    try:
        asked = subprocess.run(["bible", "-f", "Gen1:1-Rev22:21"], stdin=subprocess.DEVNULL, capture_output=True)
    except FileNotFoundError:
        raise Missing("bible-kjv", "the program 'bible'") from None
    lines = re.findall(r"^(\d?[A-Za-z]+)(\d+):(\d+) (.+)$", asked.stdout.decode("latin-1"), re.M)
    found, last = [], None
    for short, chapter, verse, text in lines:
        if short != last:
            last, book = short, len({name for name, *_ in found})
        if book < len(BOOKS):
            found.append((BOOKS[book], int(chapter), int(verse), text.strip()))
    if asked.returncode or len({name for name, *_ in found}) != len(BOOKS):
        raise Missing("bible-kjv-text", "the text that the program 'bible' prints")
    return found


def books(all_verses):
    """(file name, text) of every book: a heading a chapter, a line a verse."""
    for number, name in enumerate(BOOKS):
        lines = [name]
        for _, chapter, verse, text in (v for v in all_verses if v[0] == name):
            if verse == 1:
                lines.append(f"\nChapter {chapter}\n")
            lines.append(f"{verse} {text}")
        yield f"{number + 1:02}-{name.lower().replace(' ', '-')}", "\n".join(lines) + "\n"


def quotations(all_verses, draw):
    """Passages from a few verses to 64Ki tokens, as many of each size, with three verses asked for."""
    for number in range(PASSAGES):
        size = 800 * (LONG_CHARACTERS / 800) ** (number / (PASSAGES - 1))
        first = last = draw.randrange(len(all_verses))
        length, lines = 0, []
        while length < size:
            book, chapter, verse, text = all_verses[last % len(all_verses)]
            lines.append(f"{book} {chapter}:{verse} {text}")
            length += len(lines[-1]) + 1
            last += 1
        asked = draw.sample(range(first, last), min(3, last - first))
        turns = []
        for place, index in enumerate(asked):
            book, chapter, verse, text = all_verses[index % len(all_verses)]
            passage = "" if place else "\n".join(lines) + "\n\n"
            turns.append((f"{passage}Quote {book} {chapter}:{verse}.", text))
        yield turns


def completions(all_verses, draw):
    """Short: the second half of a verse."""
    for book, chapter, verse, text in draw.sample([v for v in all_verses if len(v[3]) > 80], COMPLETIONS):
        middle = text.rfind(" ", 0, len(text) // 2)
        yield [(f"Go on: {text[:middle]}", text[middle + 1 :])]
