"""The forms and what they accept. Their sentences are for the people who fill them in."""

import secrets

from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import ValidationError

from aircall.web.i18n import gettext as _


class NoteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """A note on a call."""

    content = TextAreaField()
    # Under which the note is stored once, however often this form is sent.
    key = HiddenField(default=secrets.token_urlsafe)

    def validate_content(self, field: TextAreaField) -> None:
        """Refuse a note of blanks; the API does, and the text typed stays in the field."""
        if not (field.data or "").strip():
            raise ValidationError(_("Write something first: a note cannot be empty."))
