"""What is searched for: words in any order, all of which have to be found, and numbers in any spelling.

Digits that are written apart are one number, `01 89 39 46 35`; they are also several words, if each has three
characters at least, as an index finds no shorter ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice

from aircall.calls.phone_numbers import fold_text, is_number_like, searched_spellings

CACHED_SEARCHES = 256
# Characters of a word that an index finds.
TRIGRAM_LENGTH = 3
# Digits. With fewer, a part of a number is no number itself.
SHORTEST_NUMBER = 6
# Characters of a text that are folded at a time to find a place in it.
CHUNK = 64
# Places of one folded text that are looked for: an excerpt shows few, and a note may have thousands.
MOST_PLACES = 30


@dataclass(frozen=True, slots=True)
class Word:
    """Found where the folded texts contain `text`, or the numbers contain one of `numbers`."""

    text: str
    numbers: tuple[str, ...] = ()


# Found where all words of one of its alternatives are.
Term = tuple[tuple[Word, ...], ...]


@lru_cache(CACHED_SEARCHES)
def search_terms(search: str) -> tuple[Term, ...]:
    """Return the terms of a search, all of which have to be found."""
    if searched_spellings(search):
        return (_number(search.split()),)
    terms: dict[Term, None] = {}
    for is_number, group in groupby(search.split(), is_number_like):
        tokens = list(group)
        if is_number and searched_spellings(" ".join(tokens)):
            terms[_number(tokens)] = None
        else:
            terms |= dict.fromkeys(((_word(token),),) for token in tokens if fold_text(token))
    # Of invisible characters alone: what they are, which is nothing.
    return tuple(terms) or (((Word(fold_text(search)),),),)


def _word(token: str) -> Word:
    return Word(fold_text(token), tuple(sorted(searched_spellings(token))))


def _number(tokens: Sequence[str]) -> Term:
    """Return the term of a number that is written in these pieces."""
    whole = " ".join(tokens)
    alternatives: list[tuple[Word, ...]] = [(_word(whole),)]
    words = [_word(token) if _is_long(token) else Word(fold_text(token)) for token in tokens]
    if len(words) > 1 and all(len(word.text) >= TRIGRAM_LENGTH for word in words):
        alternatives.append(tuple(words))
    return tuple(alternatives)


def _is_long(token: str) -> bool:
    return sum(map(str.isdecimal, token)) >= SHORTEST_NUMBER


def searched_texts(search: str) -> frozenset[str]:
    """Return the folded texts of which a note that was found contains at least one."""
    words = (word for term in search_terms(search) for alternative in term for word in alternative)
    return frozenset(word.text for word in words if word.text)


def find_places(text: str, wanted: frozenset[str]) -> list[tuple[int, int]]:
    """Return where the text first contains these folded texts: starts and ends, in order and apart."""
    folded = fold_text(text)
    places = sorted(place for each in wanted for place in islice(_occurrences(folded, each), MOST_PLACES))
    merged: list[tuple[int, int]] = []
    for start, end in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged if text.isascii() else list(_unfolded(text, merged))


def _occurrences(folded: str, wanted: str) -> Iterator[tuple[int, int]]:
    start = folded.find(wanted)
    while start >= 0:
        yield start, start + len(wanted)
        start = folded.find(wanted, start + 1)


def _unfolded(text: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places in the text that these places of its fold stem from."""
    bounds = iter(_origins(text, [bound for place in places for bound in (place[0], place[1] - 1)]))
    for start, last in zip(bounds, bounds, strict=True):
        end = last + 1
        # Accents that follow belong to the last letter.
        while end < len(text) and not fold_text(text[end]):
            end += 1
        yield start, end


def _origins(text: str, positions: Sequence[int]) -> Iterator[int]:
    """Yield the indexes of the characters that these ascending positions of the fold stem from."""
    index, folded_length = 0, 0
    for position in positions:
        # By chunks first: one character at a time takes ten times as long.
        while folded_length + len(fold_text(text[index : index + CHUNK])) <= position:
            folded_length += len(fold_text(text[index : index + CHUNK]))
            index += CHUNK
        step, length = index, folded_length
        while length + len(fold_text(text[step])) <= position:
            length += len(fold_text(text[step]))
            step += 1
        yield step
