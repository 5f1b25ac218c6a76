# The dashboard in an image of its own, whose file system may be read-only:
#   docker build -t callboard .
#   docker run --read-only -p 8000:8000 -v callboard:/data -e SECRET_KEY="$(openssl rand -hex 32)" \
#     -e PUBLIC_ORIGIN=https://calls.example.com callboard
# To look at it, beside an API of its own with a team at work; any name and password will do:
#   docker build -t callboard-demo --target demo .
#   docker run --rm -p 8000:8000 callboard-demo

FROM node:24.22.3-trixie-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund
COPY build.mjs ./
COPY static ./static
RUN node build.mjs

FROM python:3.14.8-slim-trixie AS installed
LABEL org.opencontainers.image.title="Callboard"
LABEL org.opencontainers.image.licenses="MIT"
LABEL org.opencontainers.image.version="0.1.0"
# SQLite sorts long lists in files, for which there is room beside them. Everything else that passes is small.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data \
    SQLITE_TMPDIR=/data \
    TMPDIR=/dev/shm
WORKDIR /app
COPY requirements.txt ./
# What installs is not there any more when the dashboard runs. Some clusters run it as any user of group 0.
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.txt \
    && pip uninstall --yes --quiet pip setuptools wheel \
    && install -d -m 0770 -o 10001 -g 0 /data
COPY app.py config.py gunicorn.conf.py ./
COPY aircall ./aircall
RUN pybabel -q compile -d aircall/web/translations
COPY templates ./templates
COPY --from=front-end /build/static/dist ./static/dist
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=3)"]

FROM installed AS demo
COPY sandbox ./sandbox
COPY scripts/__init__.py scripts/run.py ./scripts/
# A key for as long as it runs: every demo begins anew. It is to be looked at without TLS, and has made-up calls.
CMD ["sh", "-c", "export ALLOW_INSECURE=yes SECRET_KEY=$(od -An -N32 -tx8 /dev/urandom | tr -d ' \\n') && exec python -m scripts.run --traffic 5"]

# The last one: what is built where no target is named.
FROM installed AS dashboard
CMD ["python", "app.py"]
