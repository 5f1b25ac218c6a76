"""Taking a caller, and letting go: "I'm on it"."""

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aircall.calls.filters import CallFilter
from aircall.calls.phone_numbers import caller_number
from aircall.team.claims import ClaimedError
from aircall.web.callers.views import known_key
from aircall.web.formatting import clock
from aircall.web.i18n import gettext as _
from aircall.web.login.session import login_required, required_login
from aircall.web.page import ERROR, flash_message
from aircall.web.preferences import viewer_zone
from aircall.web.security import local_path, see_other
from aircall.web.services import services

bp = Blueprint("claims", __name__)


@bp.get("/callers/<path:number>/claim")
@login_required
def ask(number: str) -> ResponseReturnValue:
    """Ask before a caller is taken over from somebody."""
    key, team = known_key(number), services().team
    return render_template(
        "callers/claim.html",
        number=caller_number(number),
        name=services().people.of_numbers([number]).name(number),
        claim=team.claims.of_numbers([key]).get(key),
        return_url=_return_url(request.args.get("next"), number),
    )


@bp.post("/callers/<path:number>/claim")
@login_required
def change(number: str) -> ResponseReturnValue:
    """Take the caller, from `instead_of` if somebody else has them, or let go; the desired state."""
    key, wanted, user = known_key(number), request.form.get("claimed"), required_login().user
    if wanted not in ("true", "false"):
        abort(400, _("Say whether you are on it: true or false."))
    claims, return_url = services().team.claims, _return_url(request.form.get("next"), number)
    if wanted == "false":
        claims.let_go(number, user)
    elif not services().replica.store.matching_ids(CallFilter(view="inbox", number=key), 1):
        flash_message(_("This caller has no call in the inbox, so there is no need to call back."), ERROR)
    else:
        try:
            claims.take(number, user, instead_of=request.form.get("instead_of", ""))
        except ClaimedError as error:
            flash_message(_already_taken(error), ERROR)
    return see_other(return_url)


def _already_taken(error: ClaimedError) -> str:
    claim = error.claim
    return _(
        "%(user)s was faster, and has been on it since %(time)s.",
        user=claim.user.username,
        time=clock(claim.taken_at, viewer_zone().key),
    )


def _return_url(given: str | None, number: str) -> str:
    return local_path(given) or url_for("callers.show", number=caller_number(number))
