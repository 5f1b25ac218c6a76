# The dashboard in an image of its own, whose file system may be read-only:
#   docker build -t callboard .
#   docker run --read-only -p 8000:8000 -v callboard:/data -e SECRET_KEY="$(openssl rand -hex 32)" callboard

FROM node:24.22.3-trixie-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund
COPY build.mjs ./
COPY static ./static
RUN node build.mjs

FROM python:3.14.8-slim-trixie
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
# What installs is not there any more when the dashboard runs.
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.txt \
    && pip uninstall --yes --quiet pip setuptools wheel \
    && install -d -m 0700 -o 10001 -g 10001 /data
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
CMD ["python", "app.py"]
