"""Examples for python.yaml: after `ruleid` what a rule has to find, after `ok` what it has to leave."""

# ruff: noqa


@bp.get("/calls/<call_id>")
@login_required
def show(call_id):
    # ruleid: request-data-into-an-interpreter
    open(request.args["name"])
    name = request.form.get("file", "")
    # ruleid: request-data-into-an-interpreter
    Path("/data") / Path(name)
    # ruleid: request-data-into-an-interpreter
    redirect(request.args["next"])
    # ruleid: request-data-into-an-interpreter
    connection.execute(text("SELECT * FROM calls WHERE id = " + request.args["id"]))
    # ok: request-data-into-an-interpreter
    connection.execute(text("SELECT * FROM calls WHERE id = :id"), {"id": request.args["id"]})
    # ok: request-data-into-an-interpreter
    redirect(local_path(request.args["next"]))
    # ruleid: template-from-a-string
    render_template_string("Hello " + call_id)
    # ok: template-from-a-string
    render_template("calls/show.html", call_id=call_id)


def check(given, config):
    # ruleid: secret-compared-by-equality
    if config.password == given:
        return True
    # ok: secret-compared-by-equality
    return compare_digest(config.password, given)


def tell(token, call, count):
    # ruleid: secret-or-customer-data-in-a-log-line
    log.info("a login", extra={"what": token})
    # ruleid: secret-or-customer-data-in-a-log-line
    log.info("a call", extra={"from": call.caller})
    # ruleid: secret-or-customer-data-in-a-log-line
    log.info(f"a note: {call.notes}")
    # ok: secret-or-customer-data-in-a-log-line
    log.info("calls were read", extra={"count": count})


def keep(response):
    # ruleid: cookie-without-flags
    response.set_cookie("theme", "dark")
    # ok: cookie-without-flags
    response.set_cookie("theme", "dark", secure=True, httponly=True, samesite="Lax")


# ruleid: form-without-its-token
csrf.exempt(show)


@bp.post("/notes")
@login_required
def add_note():
    # ruleid: form-without-its-token
    return request.get_json()


# ruleid: route-without-a-login
@bp.get("/calls")
def index():
    return ""


# ok: route-without-a-login
@bp.get("/callers")
@login_required
def callers():
    return ""


def fetch(session, url):
    # ruleid: tls-not-verified
    session.get(url, verify=False)
    # ruleid: redirect-followed
    session.get(url, allow_redirects=True)
    # ok: redirect-followed
    session.get(url, allow_redirects=False)


def read(data):
    # ruleid: object-from-bytes
    return pickle.loads(data)
