# Fails unless what was said and the answer together begin the expected story.
import sys

said, answer, expected = sys.argv[1], sys.argv[2], sys.argv[3]
told = said + open(answer).read().rstrip("\n")
story = open(expected).read().lstrip()
assert len(told) > 100 and story.startswith(told), (told, story[: len(told)])
