#!/usr/bin/env python3
"""Scores pairs of texts with LongBench's own functions, a JSON line each, for the tests of Roux's.

    python3 -m venv V && V/bin/pip install rouge==1.0.1 fuzzywuzzy==0.18.0 jieba==0.42.1
    V/bin/python -B bench/eval/metrics_of_longbench.py FOLDER [ROUNDS] > tests/runtime/eval/metrics/official.jsonl

FOLDER holds the official repository's metrics.py. python-Levenshtein must not be installed: it changes
code_sim. The texts are made here, with a fixed seed; ROUNDS (1) makes more of them."""
import json
import random
import sys
import warnings

warnings.filterwarnings("ignore")
sys.path.insert(0, sys.argv[1])
import metrics

rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
draw = random.Random(7)

words = """the a an The A AN river mill Paris paris it's don't U.S. 3.14 1,000 naïve café İstanbul ΟΔΟΣ ΣΑΣ straße
 well-known e-mail (yes) "no" yes, no. and of in stood fell 12 7 ½ x² ٣ ４２ 東京 a\u0301 the\u0308 new\u00a0york
 tab\there end. . .. ... ! ? _ __ a_b an_ ’tis “quoted” …""".split(" ")
chinese = ["我们在北京的大学里学习汉语", "他说：“明天会下雨。”", "段落12讲的是长江和黄河的水利工程", "共计 3.5% 的增长，GDP 为 12万亿元",
           "中华人民共和国成立于1949年", "这家公司的CEO叫李小明，今年35岁", "乒乓球拍卖完了", "研究生命的起源", "结婚的和尚未结婚的",
           "欧几里得几何", "C++和C#都是编程语言", "永和服装饰品有限公司", "他来到了网易杭研大厦", "小明硕士毕业于中国科学院计算所", "\r\n",
           "　", "ＡＢＣ全角", "龘靐齉齾", "台灣 繁體中文測試", "一二三四五六七八九十", "。。。", "、", "abc123", "3.14%", "-5+6&7", "鿕鿖", "AT&T公司", "B超",
           "𠮷野家", "ΣΑΣ", "《红楼梦》", "〈水浒传〉", "的", "了", "啊哈哈哈", "吉林省长春药店", "武汉市长江大桥欢迎您"]
code = ["    return self.value", "for i in range(10):", "x = y + 1", "int main() {", "# a comment", "```python", "// note", "", "public void run()",
        "vvvvv = vvv(vv)", "if (a == b) return c;", "print('hello, world')", "\t\tfoo.bar(baz)", "}", "数 = 1", "url = 'a/b'", "a//b"]
classes = [["Human", "Human being", "Human being group", "City"], ["Date", "Date of birth", "Number", "Number of people", "Other number"],
           ["City", "City", "Other city", "Country"], ["农业", "农业、农村", "环境污染、气候", "军事"], ["", "a", "b"], ["NUM", "NUM:date"], ["A", "AB", "ABC", "ABCD", "B"]]


def text(parts, most, joins=(" ",)):
    return "".join(draw.choice(parts) + draw.choice(joins) for _ in range(draw.randrange(most)))


def near(original, parts):
    """`original` with some characters and stretches changed."""
    made = list(original)
    for _ in range(draw.randrange(4)):
        at = draw.randrange(len(made) + 1)
        made[at:at + draw.randrange(6)] = draw.choice(parts)
    return "".join(made)


def pair(parts, most, joins=(" ",)):
    reference = text(parts, most, joins)
    return (near(reference, parts) if draw.random() < 0.5 else text(parts, most, joins)), reference


def numbers(word):
    reference = f"{draw.choice(['', 'x ', word])}{word}{draw.choice(['3', '12', '４', '07', '٣', '1'])}{draw.choice(['', ' 5', '.'])}"
    prediction = text([word + "3", "12", "3", "４", "٣", "1.2", "no", "07", "²", "3rd", word, "一", "\n"], 7, (" ", "", ", ", "。"))
    return prediction, reference


def long_code():
    line = "".join(draw.choice("abcdefghijklmnopqrstuvwxyz   ()=.,_") for _ in range(draw.randrange(150, 420)))
    return near(line, code), line


def classified():
    names = draw.choice(classes)
    return "".join(draw.choice(names + [" ", "or ", "\n"]) for _ in range(draw.randrange(1, 5))), draw.choice(names + ["none of them"]), names


def cases():
    spaces = (" ", "  ", "\n", "\t", ". ", ".", "")
    for _ in range(120 * rounds):
        yield "qa_f1", *pair(words, 12, spaces), []
        yield "qa_f1_zh", *pair(chinese + words[:12], 6, ("", "，", " ", "\n")), []
        yield "rouge", *pair(words + [". ", ".", "the", "river"], draw.choice([2, 8, 40, 120]), spaces), []
        yield "rouge_zh", *pair(chinese + ["."], draw.choice([2, 6, 20]), ("", "，", " ", ".")), []
        yield "classification", *classified()
        yield "retrieval", *numbers("Paragraph "), []
        yield "retrieval_zh", *numbers("段落"), []
        yield "count", numbers("")[0], draw.choice(["3", "12", "４", "07", "", "three"]), []
        yield "code_sim", *(long_code() if draw.random() < 0.3 else (text(code, 4, ("\n",)), draw.choice(code))), []


def score(name, prediction, reference, classes):
    # Called at the depth at which eval.py calls it: where Python's recursion ends is part of a score.
    return getattr(metrics, name + "_score")(prediction, reference, all_classes=classes)


if __name__ == "__main__":
    for name, prediction, reference, names in cases():
        value = score(name, prediction, reference, names)
        print(json.dumps({"metric": name, "pred": prediction, "ref": reference, "classes": names, "score": value},
                         ensure_ascii=False))
