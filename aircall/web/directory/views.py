"""The directory: its entries by page, the form of an entry, deletion with undo, and merger."""

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, abort, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from aircall.models import User, clean_text
from aircall.storage import STORAGE_ERRORS
from aircall.storage.reading import reading_once
from aircall.team.directory import EntryVersion
from aircall.team.directory_query import PAGE_SIZE
from aircall.team.entries import (
    Draft,
    EditConflictError,
    Entry,
    InvalidEntryError,
    Kind,
    MergeChoiceError,
    NumberTakenError,
    TeamError,
    UnknownEntryError,
)
from aircall.web.directory.entry_form import KINDS, EntryForm, problem_text, whole_number
from aircall.web.error_pages import NO_STORAGE_CHANGE
from aircall.web.formatting import isolated
from aircall.web.i18n import gettext as _
from aircall.web.login import form_recovery
from aircall.web.login.session import login_required, required_login
from aircall.web.page import ERROR, flash_message
from aircall.web.security import local_path, see_other
from aircall.web.services import services

bp = Blueprint("directory", __name__)

# Characters.
LONGEST_SEARCH = 200
# The session's key of what was deleted last, by entry id, for Undo.
DELETED_KEY = "deleted_entries"
MOST_DELETED = 5
MERGED_FIELDS = ("name", "company", "kind")


@dataclass(frozen=True, slots=True)
class Search:
    """The query of the directory's page."""

    q: str
    kind: Kind | None
    page: int

    def url(self, page: int = 1) -> str:
        """Return the URL of a page of what matches."""
        args: dict[str, Any] = {"q": self.q, "kind": self.kind, "page": page if page > 1 else ""}
        return url_for("directory.index", **{name: value for name, value in args.items() if value})


def current_search() -> Search:
    """Return the query of this request; what is unusable is left out."""
    kind = request.args.get("kind", "")
    return Search(
        q=clean_text(request.args.get("q")).strip()[:LONGEST_SEARCH],
        kind=Kind(kind) if kind in KINDS else None,
        page=max(1, whole_number(request.args.get("page", ""))),
    )


@bp.get("/directory")
@login_required
def index() -> ResponseReturnValue:
    """Show a page of the entries, sorted by name."""
    search, directory = current_search(), services().team.directory
    # Both before the data is read: a change in between is told to the page rather than missed.
    position = services().replica.feed.position
    with reading_once():
        people = services().people.of_numbers(())
        total = directory.count(search.q, search.kind)
        page_count = max(1, -(-total // PAGE_SIZE))
        number = min(search.page, page_count)
        entries = directory.page(search.q, search.kind, offset=(number - 1) * PAGE_SIZE)
    return render_template(
        "directory/index.html",
        entries=entries,
        search=search,
        total=total,
        number=number,
        page_count=page_count,
        kinds=KINDS,
        position=position,
        people=people,
    )


@bp.get("/directory/new")
@login_required
def new() -> ResponseReturnValue:
    """Show the form of a new entry, with a number that is to be named."""
    kept = form_recovery.find(url_for(".create"), _user().username)
    if kept is not None:
        return _form_page(EntryForm.of_kept(kept), was_kept=True)
    kind = request.args.get("kind", "")
    number = clean_text(request.args.get("number")).strip()[:LONGEST_SEARCH]
    return _form_page(EntryForm(numbers=number, kind=kind if kind in KINDS else Kind.CALLER))


@bp.post("/directory")
@login_required
def create() -> ResponseReturnValue:
    """Add an entry."""
    form = EntryForm.of_request()
    try:
        entry = services().team.directory.create(form.draft(), _user())
    except (TeamError, *STORAGE_ERRORS) as error:
        return _refused(form, error)
    return _saved(entry)


@bp.get("/directory/<entry_id>")
@login_required
def show(entry_id: str) -> ResponseReturnValue:
    """Show the form of an entry."""
    number = whole_number(entry_id)
    kept = form_recovery.find(url_for(".edit", entry_id=entry_id), _user().username)
    if kept is not None:
        return _form_page(EntryForm.of_kept(kept, number), was_kept=True)
    return _form_page(EntryForm.of_entry(services().team.directory.entry(number) or abort(404)))


@bp.post("/directory/<entry_id>")
@login_required
def edit(entry_id: str) -> ResponseReturnValue:
    """Change an entry, if nobody else has changed it since this form was made."""
    form = EntryForm.of_request(whole_number(entry_id))
    try:
        based_on = form.based_on or abort(404)
        entry = services().team.directory.edit(based_on, form.draft(), _user())
    except (TeamError, *STORAGE_ERRORS) as error:
        return _refused(form, error)
    return _saved(entry)


@bp.post("/directory/<entry_id>/delete")
@login_required
def delete(entry_id: str) -> ResponseReturnValue:
    """Delete an entry, if it is still what the form showed; it can be undone."""
    version = whole_number(request.form.get("version", ""))
    try:
        gone = services().team.directory.delete(EntryVersion(whole_number(entry_id), version), _user())
    except EditConflictError as error:
        current = error.current or abort(404)
        problem = _("%(who)s has changed this entry, so it was not deleted. Check it again.")
        return _form_page(
            EntryForm.of_entry(current), problem=problem % {"who": isolated(current.updated_by)}, status=409
        )
    if gone is None:
        flash_message(_("The entry was already deleted."))
    else:
        _keep_deleted(gone)
        undo_url = url_for(".restore", entry_id=gone.id)
        flash_message(_("“%(name)s” was deleted.", name=isolated(gone.name)), undo_url=undo_url)
    return see_other(local_path(request.form.get("next")) or url_for(".index"))


@bp.post("/directory/<entry_id>/restore")
@login_required
def restore(entry_id: str) -> ResponseReturnValue:
    """Undo a deletion of this session: add the entry again, as a new one."""
    kept = session.get(DELETED_KEY, {}).get(entry_id) or abort(404)
    try:
        entry = services().team.directory.create(msgspec.json.decode(kept, type=Draft), _user())
        flash_message(_("“%(name)s” is back.", name=isolated(entry.name)))
    except NumberTakenError as error:
        taken = isolated(error.entry.name)
        flash_message(_("This can't be undone: “%(name)s” has one of the numbers now.", name=taken), ERROR)
    return see_other(local_path(request.form.get("next")) or url_for(".index"))


@bp.get("/directory/merge")
@login_required
def compare() -> ResponseReturnValue:
    """Show two entries side by side, to choose what their merger is to say."""
    found = [services().team.directory.entry(whole_number(text)) for text in request.args.getlist("ids")[:3]]
    entries = [entry for entry in found if entry]
    if len(found) != 2 or len(entries) != 2 or entries[0].id == entries[1].id:  # a pair
        flash_message(_("Select the two entries to merge."), ERROR)
        return see_other(url_for(".index"))
    return _merge_page(entries[0], entries[1])


@bp.post("/directory/merge")
@login_required
def merge() -> ResponseReturnValue:
    """Make one entry of two, if both are still what the form showed."""
    kept, merged = _version("kept"), _version("merged")
    choices = {name: request.form[name] for name in MERGED_FIELDS if name in request.form}
    directory = services().team.directory
    try:
        entry = directory.merge(kept, merged, _user(), choices)
    except UnknownEntryError:
        flash_message(_("One of the two entries has been deleted, so they were not merged."), ERROR)
        return see_other(url_for(".index"))
    except MergeChoiceError as error:
        return _merge_page(error.kept, error.merged, _("Choose one of the two wherever they differ."), 400)
    except (EditConflictError, InvalidEntryError) as error:
        pair = directory.entry(kept.id), directory.entry(merged.id)
        problem = _("One entry has changed in the meantime, so they were not merged. Check both again.")
        if isinstance(error, InvalidEntryError):
            problem = " ".join(map(problem_text, error.problems))
        return _merge_page(pair[0] or abort(404), pair[1] or abort(404), problem, 409)
    return _saved(entry)


def _user() -> User:
    return required_login().user


def _version(name: str) -> EntryVersion:
    entry_id, _dot, version = request.form.get(name, "").partition(".")
    return EntryVersion(whole_number(entry_id), whole_number(version))


def _saved(entry: Entry) -> ResponseReturnValue:
    form_recovery.drop()
    flash_message(_("“%(name)s” is in the directory.", name=isolated(entry.name)))
    return see_other(local_path(request.form.get("next")) or url_for(".index"))


def _keep_deleted(entry: Entry) -> None:
    kept = session.get(DELETED_KEY, {}) | {str(entry.id): msgspec.json.encode(entry.draft).decode()}
    session[DELETED_KEY] = dict(list(kept.items())[-MOST_DELETED:])


def _refused(form: EntryForm, error: Exception) -> ResponseReturnValue:
    """Show the form again with what was typed, and why it was not stored."""
    if isinstance(error, InvalidEntryError):
        form.mark(error.problems)
        return _form_page(form, status=400)
    if isinstance(error, NumberTakenError):
        return _form_page(form, taken_by=error.entry, status=409)
    if isinstance(error, EditConflictError):
        current = error.current
        # What is typed now replaces what is shown beside it, knowingly.
        form.based_on = EntryVersion(current.id, current.version) if current else None
        return _form_page(form, current=current, is_gone=current is None, status=409)
    return _form_page(form, problem=str(NO_STORAGE_CHANGE), status=503)


def _form_page(form: EntryForm, *, status: int = 200, **more: Any) -> ResponseReturnValue:
    given = {"current": None, "is_gone": False, "taken_by": None, "problem": "", "was_kept": False} | more
    back_url = local_path(request.values.get("next")) or url_for("directory.index")
    return render_template("directory/entry.html", form=form, kinds=KINDS, back_url=back_url, **given), status


def _merge_page(kept: Entry, merged: Entry, problem: str = "", status: int = 200) -> ResponseReturnValue:
    differing = [
        name for name in MERGED_FIELDS if len({getattr(kept, name), getattr(merged, name)} - {""}) > 1
    ]
    page = render_template(
        "directory/merge.html",
        kept=kept,
        merged=merged,
        differing=differing,
        chosen=request.form,
        kinds=KINDS,
        problem=problem,
    )
    return page, status
