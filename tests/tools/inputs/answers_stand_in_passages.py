# Counts conversations and the answers that are no line's text of their own passage.
import collections
import json
import sys

sources, elsewhere = collections.Counter(), 0
for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    sources[record["source"]] += 1
    passage = record["messages"][0]["content"].split("\n\n")[0].split("\n")
    for message in record["messages"][1::2]:
        elsewhere += not any(verse.endswith(" " + message["content"]) for verse in passage)
for source, count in sources.items():
    print(f"{count} conversations of {source}, {elsewhere} answers elsewhere")
