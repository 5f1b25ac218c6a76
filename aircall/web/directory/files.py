"""Contacts from files and into files: an uploaded file is kept for a while, previewed, then imported.

Between preview and import the file stays here, for the person who uploaded it. It is read and checked again
for each, and its fingerprint tells whether the import does what was previewed.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aircall.storage import STORAGE_ERRORS
from aircall.team.csv_contacts import ContactFileError, written_csv
from aircall.team.entries import Entry, Kind
from aircall.team.imports import FileProblem, ImportResult, Preview, PreviewOutdatedError, Resolution
from aircall.team.vcards import written_vcards
from aircall.web import audit
from aircall.web.directory.entry_form import KINDS, problem_text
from aircall.web.error_pages import NO_STORAGE_CHANGE
from aircall.web.formatting import count
from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.i18n import ngettext
from aircall.web.login.session import login_required, required_login, username
from aircall.web.page import flash_message
from aircall.web.preferences import viewer_zone
from aircall.web.security import see_other
from aircall.web.services import services

bp = Blueprint("directory_files", __name__)

# Bytes. 20,000 names take 1.5 MB, 5,000 contacts of a telephone, without pictures, as much.
LARGEST_UPLOAD = 4 * 1024 * 1024
# Seconds. Time to look at a preview.
KEPT_TIME = 30 * 60.0
# Of each kind on a preview. The import covers all of them.
SHOWN = 100
FILE_PROBLEMS = {
    "empty": _l("There are no contacts in this file."),
    "too_large": _l("This file is too large. Split it, or leave out the pictures."),
    "too_many": _l("There are too many contacts in this file. Split it."),
    "encoding": _l("This file is not a text file. Save it as CSV in UTF-8, or as vCard."),
    "header": _l("The first line must name the columns, such as: name, company, number."),
}
NO_FILE = _l("Choose a file first.")
GONE = _l("The preview was open too long, so nothing was imported. Choose the file again.")


@bp.url_value_preprocessor
def allow_upload(endpoint: str | None, _values: object) -> None:
    """Let the upload be larger than other forms. The check of its token reads it, so this comes first."""
    if endpoint == f"{bp.name}.upload":
        request.max_content_length = LARGEST_UPLOAD + 64 * 1024


@bp.get("/directory/import")
@login_required
def choose() -> ResponseReturnValue:
    """Show the form for a file."""
    return _upload_page()


@bp.post("/directory/import")
@login_required
def upload() -> ResponseReturnValue:
    """Keep the uploaded file, and show what its import would do."""
    data = _uploaded()
    if not data:
        return _upload_page(str(NO_FILE), 400)
    kind = _kind(request.form.get("kind", ""))
    try:
        services().team.imports.preview(data, kind)
    except ContactFileError as error:
        return _upload_page(str(FILE_PROBLEMS[error.reason]), 400)
    prefix = _prefix()
    for key in services().records.keys(prefix):
        services().records.delete(key)
    token = secrets.token_urlsafe(16)
    services().records.put(f"{prefix}{token}", kind.encode() + b"\n" + data, KEPT_TIME)
    return see_other(url_for(".preview", token=token))


@bp.get("/directory/import/<token>")
@login_required
def preview(token: str) -> ResponseReturnValue:
    """Show what the import would do now."""
    kept = _kept(token)
    if kept is None:
        return _upload_page(str(GONE), 404)
    kind, data = kept
    return _preview_page(token, services().team.imports.preview(data, kind))


@bp.post("/directory/import/<token>")
@login_required
def import_(token: str) -> ResponseReturnValue:
    """Carry out what was previewed, all of it or nothing."""
    kept = _kept(token)
    if kept is None:
        return _upload_page(str(GONE), 404)
    kind, data = kept
    resolution = Resolution.REPLACE if request.form.get("resolution") == "replace" else Resolution.KEEP
    lines = {
        int(line)
        for line in request.form.getlist("other")
        if line.isascii() and line.isdigit() and len(line) < 9
    }
    try:
        result = services().team.imports.import_(
            data,
            request.form.get("fingerprint", ""),
            resolution,
            required_login().user,
            kind=kind,
            exceptions=lines,
        )
    except PreviewOutdatedError as error:
        problem = _(
            "The directory has changed in the meantime, so nothing was imported. "
            "Here is what would change now."
        )
        return _preview_page(token, error.preview, problem, 409)
    except STORAGE_ERRORS:
        return _preview_page(token, services().team.imports.preview(data, kind), str(NO_STORAGE_CHANGE), 503)
    services().records.delete(f"{_prefix()}{token}")
    flash_message(_outcome(result))
    return see_other(url_for("directory.index"))


@bp.get("/directory.csv")
@login_required
def as_csv() -> ResponseReturnValue:
    """Download the directory as a CSV file."""
    return _download(written_csv, "csv", "text/csv")


@bp.get("/directory.vcf")
@login_required
def as_vcards() -> ResponseReturnValue:
    """Download the directory as vCards."""
    return _download(written_vcards, "vcf", "text/vcard")


def _download(written: Callable[[Iterable[Entry]], Iterator[str]], suffix: str, mimetype: str) -> Response:
    audit.note("exported", required_login().user.username, what="directory")
    name = f"directory-{datetime.now(viewer_zone()).date()}.{suffix}"
    return Response(
        written(services().team.directory.all_entries()),
        mimetype=mimetype,
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


def _uploaded() -> bytes:
    sent = request.files.get("file")
    if sent is None:
        return b""
    with closing(sent):
        return bytes(sent.read())


def _prefix() -> str:
    # Quoted, so that no username is a prefix of another one's.
    return f"import:{quote(username(), safe='')}:"


def _kept(token: str) -> tuple[Kind, bytes] | None:
    record = services().records.load(f"{_prefix()}{token}")
    if record is None:
        return None
    kind, _line, data = record.value.partition(b"\n")
    return _kind(kind.decode()), data


def _kind(text: str) -> Kind:
    return Kind(text) if text in KINDS else Kind.CALLER


def _upload_page(problem: str = "", status: int = 200) -> ResponseReturnValue:
    kind = _kind(request.form.get("kind", "")) if request.method == "POST" else Kind.CALLER
    return render_template("directory/import.html", problem=problem, kinds=KINDS, kind=kind), status


def _preview_page(token: str, found: Preview, problem: str = "", status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "directory/preview.html",
        token=token,
        found=found,
        problem=problem,
        errors=[(error.line, file_problem_text(error)) for error in found.errors[:SHOWN]],
        shown=SHOWN,
        kinds=KINDS,
    )
    return page, status


def file_problem_text(found: FileProblem) -> str:
    """Return a sentence about why a contact of a file is left out."""
    if found.reason == "invalid":
        return " ".join(dict.fromkeys(map(problem_text, found.problems)))
    if found.reason == "duplicate":
        return _("Another contact has the same number: line %(line)s.", line=count(found.other_line))
    if found.reason == "several_entries":
        return _("Its numbers belong to several entries of the directory.")
    return _("This line can't be read.")


def _outcome(result: ImportResult) -> str:
    parts = [
        ngettext(
            "%(number)s entry added.",
            "%(number)s entries added.",
            result.added_count,
            number=count(result.added_count),
        )
    ]
    if result.replaced_count:
        number = result.replaced_count
        parts.append(ngettext("%(number)s changed.", "%(number)s changed.", number, number=count(number)))
    left_alone = result.kept_count + result.unchanged_count
    if left_alone:
        parts.append(
            ngettext(
                "%(number)s left as it was.",
                "%(number)s left as they were.",
                left_alone,
                number=count(left_alone),
            )
        )
    if result.error_count:
        number = result.error_count
        parts.append(ngettext("%(number)s left out.", "%(number)s left out.", number, number=count(number)))
    return " ".join(parts)
