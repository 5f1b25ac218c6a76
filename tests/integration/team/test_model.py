"""Whatever people do with names and claims, in whatever order, it is what a plain model of it says."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from aircall.models import User
from aircall.team.claims import ClaimedError
from aircall.team.directory import EntryVersion
from aircall.team.entries import (
    Draft,
    EditConflictError,
    MergeChoiceError,
    NumberTakenError,
    UnknownEntryError,
)
from tests.integration.team.people import ANN, BEN, StillInstant, opened

NUMBERS = [f"+3360000000{place}" for place in range(5)]
DRAFTS = st.builds(
    lambda name, numbers: Draft.of(name=name, numbers=numbers),
    st.sampled_from(["Marie", "Juan", "Zoé"]),
    st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3),
)
PEOPLE = st.sampled_from([ANN, BEN])


def memory() -> Engine:
    """A database of its own, gone with its last connection."""
    return create_engine("sqlite://", poolclass=StaticPool)


@dataclass
class Model:
    """Drafts by entry, with the version of each; who has which number, and until which minute."""

    drafts: dict[int, tuple[int, Draft]] = field(default_factory=dict)
    claims: dict[str, tuple[User, int]] = field(default_factory=dict)
    minute: int = 0

    def taken(self, draft: Draft, besides: int = 0) -> bool:
        return any(set(one.keys) & set(draft.keys) for id_, (_, one) in self.drafts.items() if id_ != besides)

    def holder(self, number: str) -> User | None:
        user, until = self.claims.get(number, (None, 0))
        return user if until > self.minute else None


class TeamMachine(RuleBasedStateMachine):
    """People at work, and the model beside them."""

    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.instant = StillInstant()
        self.engine = memory()
        self.team = opened(self.engine, self.instant)
        self.model = Model()

    def teardown(self) -> None:
        self.engine.dispose()

    @rule(target=seen, draft=DRAFTS, user=PEOPLE)
    def create(self, draft: Draft, user: User) -> EntryVersion:
        try:
            entry = self.team.directory.create(draft, user)
        except NumberTakenError as refused:
            assert self.model.taken(draft)
            return EntryVersion(refused.entry.id, refused.entry.version)
        if entry.id in self.model.drafts:
            assert set(self.model.drafts[entry.id][1].keys) == set(draft.keys)
        else:
            assert not self.model.taken(draft)
            self.model.drafts[entry.id] = (entry.version, draft)
        return EntryVersion(entry.id, entry.version)

    @rule(target=seen, based_on=seen, draft=DRAFTS, user=PEOPLE)
    def edit(self, based_on: EntryVersion, draft: Draft, user: User) -> EntryVersion:
        version, stored = self.model.drafts.get(based_on.id, (0, None))
        try:
            entry = self.team.directory.edit(based_on, draft, user)
        except EditConflictError:
            assert version != based_on.version
            return based_on
        except NumberTakenError:
            assert self.model.taken(draft, besides=based_on.id)
            return based_on
        assert stored == draft or version == based_on.version
        self.model.drafts[entry.id] = (entry.version, draft)
        return EntryVersion(entry.id, entry.version)

    @rule(based_on=consumes(seen), user=PEOPLE)
    def delete(self, based_on: EntryVersion, user: User) -> None:
        version = self.model.drafts.get(based_on.id, (None,))[0]
        try:
            self.team.directory.delete(based_on, user)
        except EditConflictError:
            assert version != based_on.version
        else:
            assert version in (None, based_on.version)
            self.model.drafts.pop(based_on.id, None)

    @rule(target=seen, kept=seen, merged=seen, user=PEOPLE)
    def merge(self, kept: EntryVersion, merged: EntryVersion, user: User) -> EntryVersion:
        known = [self.model.drafts.get(one.id) for one in (kept, merged)]
        try:
            entry = self.team.directory.merge(kept, merged, user)
        except (EditConflictError, UnknownEntryError):
            versions = [one and one[0] for one in known]
            assert kept.id == merged.id or versions != [kept.version, merged.version]
            return kept
        except MergeChoiceError:
            assert len({one[1].name for one in known if one}) == 2
            return kept
        del self.model.drafts[merged.id]
        numbers = [number for one in known if one for number in one[1].numbers]
        self.model.drafts[kept.id] = (entry.version, Draft.of(name=entry.name, numbers=numbers))
        return EntryVersion(entry.id, entry.version)

    @rule(number=st.sampled_from(NUMBERS), user=PEOPLE, asked=st.booleans())
    def take(self, number: str, user: User, asked: bool) -> None:
        holder = self.model.holder(number)
        try:
            self.team.claims.take(number, user, instead_of=holder.id if holder and asked else "")
        except ClaimedError:
            assert holder not in (None, user)
            assert not asked
        else:
            assert holder in (None, user) or asked
            self.model.claims[number] = (user, self.model.minute + 30)

    @rule(number=st.sampled_from(NUMBERS), user=PEOPLE)
    def let_go(self, number: str, user: User) -> None:
        claim = self.team.claims.let_go(number, user)

        assert (claim is not None) == (self.model.holder(number) == user)
        if claim:
            del self.model.claims[number]

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes: int) -> None:
        self.instant.pass_by(minutes=minutes)
        self.model.minute += minutes

    @rule()
    def remove_expired(self) -> None:
        self.team.claims.remove_expired()

    @invariant()
    def names_and_claims_are_those_of_the_model(self) -> None:
        stored = {one.id: (one.version, one.draft) for one in self.team.directory.all_entries()}
        assert stored == self.model.drafts
        named = {key: name.name for key, name in self.team.directory.names(NUMBERS).items()}
        assert named == {key: draft.name for _, draft in stored.values() for key in draft.keys}
        holders = {claim.number_key: claim.user for claim in self.team.claims.active()}
        assert holders == {
            number.lstrip("+"): holder for number in NUMBERS if (holder := self.model.holder(number))
        }


TestTeam = TeamMachine.TestCase
TestTeam.settings = settings(stateful_step_count=30)
