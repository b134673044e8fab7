# Sentences that are made up, and questions whose answer is a word of them: who, what, where. None is there twice, so an
# answer cannot be known without looking a few words back. A model of this size learns that in part.
PEOPLE = """Aaron,Abraham,Benjamin,Daniel,David,Elijah,Esau,Isaac,Jacob,James,Jesse,Job,John,Jonathan,Joseph,Joshua,Judah,
Laban,Mary,Moses,Paul,Peter,Pharaoh,Samuel,Sarah,Saul,Simon,Solomon,Thomas""".replace("\n", "").split(",")
THINGS = """ark,book,bread,corn,cup,door,gold,horse,king,lamb,light,oil,ox,ring,rod,ship,stone,sword,tree,wine""".split(",")
PLACES = """Babylon,Bethel,Canaan,Damascus,Ephraim,Galilee,Gilead,Hebron,Jericho,Jerusalem,Judaea,Moab,Samaria,Sodom,Syria,
Zion""".replace("\n", "").split(",")

READ, TAUGHT, ASKED = 8000, 300, 200


def said(draw):
    """{what for: [(sentence, [(question, answer)])]}, every sentence once, each with all its questions in any order."""
    found = [(person, thing, place) for person in PEOPLE for thing in THINGS for place in PLACES]
    draw.shuffle(found)
    all_said = []
    for person, thing, place in found[: READ + TAUGHT + ASKED]:
        asked = [("Who found it?", f"It was {person}."), ("What was found?", f"It was the {thing}."), ("Where?", f"It was in {place}.")]
        all_said.append((f"Then {person} found the {thing} in {place}.", draw.sample(asked, len(asked))))
    return {"read": all_said[:READ], "taught": all_said[READ:-ASKED], "asked": all_said[-ASKED:]}


def read(sentences):
    """A sentence with its questions answered."""
    for sentence, asked in sentences:
        yield " ".join([sentence] + [f"{question} {answer}" for question, answer in asked])


def conversations(sentences):
    """A sentence, and two questions about it."""
    for sentence, (first, second, _) in sentences:
        yield [(f"{sentence} {first[0]}", first[1]), second]


def questions(sentences):
    """A sentence with a question, and its answer."""
    for sentence, ((question, answer), *_) in sentences:
        yield {"prompt": f"{sentence} {question}", "completion": answer, "answers": [answer]}
