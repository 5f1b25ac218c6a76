"""The forms and what they accept. Their sentences are for the people who fill them in."""

import secrets

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from aircall.web.i18n import gettext as _
from aircall.web.i18n import lazy_gettext as _l

LENGTH = Length(max=255, message=_l("Field cannot be longer than 255 characters."))


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """Name and password, passed on exactly as typed."""

    username = StringField(validators=[InputRequired(_l("Enter your username.")), LENGTH])
    password = PasswordField(validators=[InputRequired(_l("Enter your password.")), LENGTH])
    next = HiddenField()


class NoteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """A note on a call."""

    content = TextAreaField()
    # Under which the note is stored once, however often this form is sent.
    key = HiddenField(default=secrets.token_urlsafe)

    def validate_content(self, field: TextAreaField) -> None:
        """Refuse a note of blanks; the API does, and the text typed stays in the field."""
        if not (field.data or "").strip():
            raise ValidationError(_("Write something first: a note cannot be empty."))
