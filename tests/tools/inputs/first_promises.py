"""What recipes/first's conversations and questions promise.

One file: conversations, and the answers that are no line's text of their own passage. More: questions of the first,
the answers whose last word their sentence lacks, and the sentences that stand in the other files too.
"""
import collections
import json
import sys


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def passages(path):
    sources, elsewhere = collections.Counter(), 0
    for record in records(path):
        sources[record["source"]] += 1
        passage = record["messages"][0]["content"].split("\n\n")[0].split("\n")
        for message in record["messages"][1::2]:
            elsewhere += not any(verse.endswith(" " + message["content"]) for verse in passage)
    for source, count in sources.items():
        print(f"{count} conversations of {source}, {elsewhere} answers elsewhere")


def questions(asked, *read):
    known = "".join(open(path, encoding="utf-8").read() for path in read)
    elsewhere = seen = count = 0
    for record in records(asked):
        count += 1
        elsewhere += f" {record['answers'][0].split()[-1].rstrip('.')}" not in record["prompt"]
        seen += record["prompt"].split(".")[0] in known
    print(f"{count} questions, {elsewhere} answers elsewhere, {seen} of them read before")


passages(*sys.argv[1:]) if len(sys.argv) == 2 else questions(*sys.argv[1:])
