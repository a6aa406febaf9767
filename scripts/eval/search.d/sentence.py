"""The first sentence of a comment, as a query."""

import re

WORDS = re.compile(r"[^\W\d_]+|\d+")
SHORTEST, LONGEST = 4, 40  # words of a query


def first_sentence(comment):
    """In plain words; None if there are too few, or too many, of them."""
    paragraph = re.split(r"\n\s*\n|\n\s*[:@]", comment.strip(), maxsplit=1)[0]
    text = re.sub(r"\{@\w+\s+([^}|]+)[^}]*\}", r"\1", paragraph)  # {@link name}
    text = re.sub(r":\w+:`~?([^`]*)`", r"\1", text)  # :meth:`name`
    text = re.sub(r"<[^>]*>", " ", text).replace("`", "")
    text = " ".join(text.split())
    sentence = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".: ")
    count = len(WORDS.findall(sentence))
    return sentence if SHORTEST <= count <= LONGEST else None


def spells(sentence, name):
    """Whether it holds the name, or all words of it side by side."""
    flat = re.sub(r"[\W_]+", "", sentence).lower()
    bare = re.sub(r"[\W_]+", "", name).lower()
    words = [word.lower() for word in WORDS.findall(sentence)]
    return bare in words or (len(bare) > 3 and bare in flat)
