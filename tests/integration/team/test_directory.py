"""Names of numbers: found by every spelling, edited without losing anybody's words, searched by words."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from aircall.models import User
from aircall.team.activity import Action
from aircall.team.entries import (
    Draft,
    EditConflictError,
    InvalidEntryError,
    Kind,
    MergeChoiceError,
    NumberTakenError,
    UnknownEntryError,
)
from aircall.team.feed import TeamChange, Topic
from aircall.team.service import Team
from tests.integration.team.people import (
    ANN,
    API,
    BEN,
    MADRID,
    MADRID_KEY,
    MADRID_TYPED,
    OTHER_API,
    PARIS,
    PARIS_KEY,
    PARIS_TYPED,
    StillInstant,
    draft,
    opened,
    seen,
)

WRITERS = 12


def test_a_name_is_found_by_every_spelling_of_its_numbers(team: Team) -> None:
    entry = team.directory.create(draft("Marie", PARIS_TYPED, MADRID, company="Acme"), ANN)

    names = team.directory.names([PARIS, MADRID_TYPED, "+4930123456", "anonymous", ""])

    assert {key: name.name for key, name in names.items()} == {PARIS_KEY: "Marie", MADRID_KEY: "Marie"}
    assert names[PARIS_KEY].company == "Acme"
    assert team.directory.entry_of(PARIS) == team.directory.entry(entry.id) == entry
    assert entry.numbers == (PARIS_TYPED, MADRID)
    assert team.directory.entry_of("anonymous") is None


def test_the_names_of_a_thousand_numbers_are_found_at_once(team: Team) -> None:
    numbers = [f"+3360{number:07}" for number in range(1, 1201)]
    for part in range(0, 1200, 20):
        team.directory.create(draft(f"Name {part}", *numbers[part : part + 20]), ANN)

    assert len(team.directory.names(numbers)) == 1200


def test_an_edit_that_knows_the_newest_version_is_kept(team: Team, told: list[TeamChange]) -> None:
    first = team.directory.create(draft("Marie", PARIS), ANN)

    second = team.directory.edit(seen(first), draft("Marie Dupont", PARIS, MADRID, company="Acme"), BEN)

    assert team.directory.entry(first.id) == second
    assert second.updated_by == "ben"
    assert [(change.topic, change.numbers) for change in told] == [
        (Topic.DIRECTORY, (PARIS_KEY,)),
        (Topic.DIRECTORY, (PARIS_KEY, MADRID_KEY)),
    ]
    actions = [(line.action, line.user) for line in team.activity.of_number(PARIS)]
    assert actions == [(Action.RENAMED, BEN), (Action.NAMED, ANN)]


def test_an_edit_of_an_older_version_is_refused_with_both_versions(
    team: Team, told: list[TeamChange]
) -> None:
    entry = team.directory.create(draft("Marie"), ANN)
    by_ann = team.directory.edit(seen(entry), draft("Marie Dupont"), ANN)
    by_ben = draft("Maria Dupond")
    del told[:]

    with pytest.raises(EditConflictError) as refused:
        team.directory.edit(seen(entry), by_ben, BEN)

    assert (refused.value.draft, refused.value.current) == (by_ben, by_ann)
    assert team.directory.entry(entry.id) == by_ann
    assert told == []
    # Ben has seen it, and says so again.
    assert team.directory.edit(seen(by_ann), by_ben, BEN).name == "Maria Dupond"


def test_two_who_say_the_same_do_not_conflict(team: Team, told: list[TeamChange]) -> None:
    entry = team.directory.create(draft("Marie", PARIS), ANN)
    assert team.directory.create(draft("Marie", PARIS_TYPED), BEN) == entry
    edited = team.directory.edit(seen(entry), draft("Marie Dupont"), ANN)

    assert team.directory.edit(seen(entry), draft("Marie Dupont"), BEN) == edited
    assert len(told) == 2


def test_an_edit_of_a_deleted_entry_is_refused_with_what_was_typed(team: Team) -> None:
    entry = team.directory.create(draft("Marie"), ANN)
    team.directory.delete(seen(entry), BEN)

    with pytest.raises(EditConflictError) as refused:
        team.directory.edit(seen(entry), draft("Marie Dupont"), ANN)

    assert (refused.value.draft, refused.value.current) == (draft("Marie Dupont"), None)


def test_a_deletion_frees_the_numbers(team: Team, told: list[TeamChange]) -> None:
    entry = team.directory.create(draft("Marie", PARIS, MADRID), ANN)

    assert team.directory.delete(seen(entry), BEN) == entry

    assert team.directory.names([PARIS, MADRID]) == {}
    assert told[-1].numbers == (PARIS_KEY, MADRID_KEY)
    assert team.directory.delete(seen(entry), ANN) is None
    assert team.directory.create(draft("Someone else"), ANN).id > entry.id


def test_a_deletion_of_what_somebody_has_just_changed_is_refused(team: Team) -> None:
    entry = team.directory.create(draft("Marie"), ANN)
    newer = team.directory.edit(seen(entry), draft("Marie Dupont"), ANN)

    with pytest.raises(EditConflictError) as refused:
        team.directory.delete(seen(entry), BEN)

    assert refused.value.current == newer
    assert team.directory.entry(entry.id) == newer


def test_a_number_belongs_to_one_entry(team: Team) -> None:
    marie = team.directory.create(draft("Marie", PARIS), ANN)
    juan = team.directory.create(draft("Juan", MADRID), ANN)

    with pytest.raises(NumberTakenError) as created:
        team.directory.create(draft("Somebody", MADRID_TYPED, "+4930123456"), BEN)
    with pytest.raises(NumberTakenError) as edited:
        team.directory.edit(seen(marie), draft("Marie", PARIS, MADRID_TYPED), BEN)

    assert (created.value.key, created.value.entry) == (edited.value.key, edited.value.entry)
    assert (created.value.key, created.value.entry) == (MADRID_KEY, juan)
    assert team.directory.count() == 2


def test_a_merger_keeps_the_numbers_of_both_and_asks_which_texts_to_keep(team: Team) -> None:
    marie = team.directory.create(draft("Marie", PARIS), ANN)
    dupont = team.directory.create(draft("Mme Dupont", MADRID, company="Acme"), ANN)

    with pytest.raises(MergeChoiceError) as asked:
        team.directory.merge(seen(marie), seen(dupont), BEN)
    merged = team.directory.merge(seen(marie), seen(dupont), BEN, {"name": "Marie Dupont"})

    # A company that only one has is no question.
    assert (asked.value.fields, asked.value.kept, asked.value.merged) == (("name",), marie, dupont)
    assert merged.draft == draft("Marie Dupont", PARIS, MADRID, company="Acme")
    assert team.directory.entry_of(MADRID) == merged
    assert team.directory.count() == 1
    assert [line.action for line in team.activity.of_number(MADRID)] == [Action.MERGED, Action.NAMED]


def test_a_merger_of_what_has_changed_or_is_gone_is_refused(team: Team) -> None:
    marie = team.directory.create(draft("Marie", PARIS), ANN)
    juan = team.directory.create(draft("Marie", MADRID), ANN)
    newer = team.directory.edit(seen(juan), draft("Maria", MADRID), ANN)

    with pytest.raises(EditConflictError) as refused:
        team.directory.merge(seen(marie), seen(juan), BEN)
    with pytest.raises(UnknownEntryError):
        team.directory.merge(seen(marie), seen(marie), BEN)
    with pytest.raises(InvalidEntryError):
        team.directory.merge(seen(marie), seen(newer), BEN, {"name": " "})
    team.directory.delete(seen(newer), ANN)
    with pytest.raises(UnknownEntryError):
        team.directory.merge(seen(marie), seen(newer), BEN)

    assert refused.value.current == newer
    assert team.directory.entry(marie.id) == marie


@pytest.mark.parametrize(
    "search",
    ["dupont", "DUPONT marie", "marie dup", "société", "SOCIETE marie", "oeuvre", "œuvre", "Dúpönt"],
)
def test_words_are_found_in_any_order_without_accents_and_case(team: Team, search: str) -> None:
    team.directory.create(draft("Marie Dupont", PARIS, MADRID, company="Société de l'Œuvre"), ANN)
    team.directory.create(draft("Marius Martin", "+4930123456"), ANN)

    assert team.directory.numbers_named(search) == (PARIS_KEY, MADRID_KEY)
    assert [entry.name for entry in team.directory.page(search)] == ["Marie Dupont"]
    assert team.directory.count(search) == 1


@pytest.mark.parametrize(
    "search", ["", "  ", "%", "_", "dupont martin", "'; DROP TABLE entries", "\\", "\x00", "\ud800"]
)
def test_what_is_no_word_of_an_entry_finds_none(team: Team, search: str) -> None:
    team.directory.create(draft("Marie Dupont"), ANN)
    team.directory.create(draft("Marius Martin", MADRID), ANN)

    assert team.directory.numbers_named(search) == ()


def test_the_directory_is_searched_by_number_and_kind_too(team: Team) -> None:
    team.directory.create(draft("Marie", PARIS), ANN)
    team.directory.create(draft("Support FR", MADRID, kind="line"), ANN)

    assert [entry.name for entry in team.directory.page("89 39 39")] == ["Marie"]
    assert [entry.name for entry in team.directory.page(PARIS_TYPED)] == ["Marie"]
    assert [entry.name for entry in team.directory.page(kind=Kind.LINE)] == ["Support FR"]
    assert team.directory.count(kind=Kind.COLLEAGUE) == 0


def test_our_own_numbers_are_told_apart(team: Team) -> None:
    team.directory.create(draft("Support FR", PARIS, kind="line"), ANN)
    team.directory.create(draft("Ben", MADRID, kind="colleague"), ANN)
    team.directory.create(draft("Marie", "+4930123456"), ANN)

    assert team.directory.numbers_of(Kind.LINE, Kind.COLLEAGUE) == {PARIS_KEY, MADRID_KEY}
    assert team.directory.numbers_of(Kind.LINE) == {PARIS_KEY}


def test_a_search_sees_the_newest_names(team: Team) -> None:
    entry = team.directory.create(draft("Marie"), ANN)
    assert team.directory.numbers_named("marie") == (PARIS_KEY,)

    team.directory.edit(seen(entry), draft("Zoé"), BEN)

    assert team.directory.numbers_named("marie") == ()
    assert team.directory.numbers_named("zoe") == (PARIS_KEY,)
    assert team.directory.count("zoe") == 1


def test_pages_are_sorted_by_name_without_accents_and_case(team: Team) -> None:
    names = ["Émile", "zoé", "Anna", "eva", "Éva"]
    for place, name in enumerate(names):
        team.directory.create(draft(name, f"+3360000000{place}"), ANN)

    in_order = [entry.name for page in range(3) for entry in team.directory.page(offset=page * 2, limit=2)]

    assert in_order == ["Anna", "Émile", "eva", "Éva", "zoé"]
    assert [entry.name for entry in team.directory.all_entries()] == names


def test_hostile_texts_are_kept_as_they_are(team: Team) -> None:
    name, company = "<script>alert(1)</script>", "Robert'); DROP TABLE entries;-- {{ 7*7 }} %s :name =1+1"
    team.directory.create(draft(name, company=company), ANN)

    found = team.directory.names([PARIS])[PARIS_KEY]

    assert (found.name, found.company) == (name, company)
    assert name not in repr(found)
    assert team.directory.numbers_named("<script>alert(1)</script>") == (PARIS_KEY,)


def test_a_name_that_gets_far_longer_when_it_is_folded_is_kept(team: Team) -> None:
    name = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 120
    team.directory.create(draft(name), ANN)

    assert team.directory.names([PARIS])[PARIS_KEY].name == name


def test_names_belong_to_one_api_and_are_there_again_with_it(database: Engine, instant: StillInstant) -> None:
    opened(database, instant).directory.create(draft("Marie"), ANN)

    other = opened(database, instant, OTHER_API)
    assert other.directory.names([PARIS]) == {}
    assert list(other.directory.all_entries()) == []
    of_other = other.directory.create(draft("Somebody else"), ANN)

    again = opened(database, instant, API).directory
    assert again.names([PARIS])[PARIS_KEY].name == "Marie"
    assert again.entry(of_other.id) is None
    assert again.delete(seen(of_other), ANN) is None


def test_people_who_edit_one_entry_at_the_same_moment_lose_nothing_unseen(
    database: Engine, instant: StillInstant
) -> None:
    entry = opened(database, instant).directory.create(draft("Marie"), ANN)
    start = Barrier(WRITERS)

    def edit(number: int) -> str:
        team = opened(database, instant)
        start.wait()
        try:
            return team.directory.edit(seen(entry), draft(f"Marie {number}"), _user(number)).name
        except EditConflictError:
            return ""

    with ThreadPoolExecutor(WRITERS) as pool:
        kept = [name for name in pool.map(edit, range(WRITERS)) if name]

    current = opened(database, instant).directory.entry(entry.id)
    assert current is not None
    assert kept == [current.name]


def test_people_who_name_one_number_at_the_same_moment_make_one_entry(
    database: Engine, instant: StillInstant
) -> None:
    teams = [opened(database, instant) for _ in range(WRITERS)]
    start = Barrier(WRITERS)

    def create(number: int) -> Draft | None:
        start.wait()
        try:
            return teams[number].directory.create(draft(f"Marie {number}"), _user(number)).draft
        except NumberTakenError:
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        made = [entry for entry in pool.map(create, range(WRITERS)) if entry]

    assert len(made) == 1
    assert [entry.draft for entry in teams[0].directory.all_entries()] == made


def _user(number: int) -> User:
    return User(id=str(number), username=f"user{number}")
