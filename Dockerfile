# Earshot in a container: from the hash-pinned requirements, without root, without a shell's help at run time.
#
#     docker build --tag earshot .
#     docker run --rm -it earshot init          # or put .env and earshot.toml into a folder of your own
#     docker run --detach --name earshot --volume earshot-data:/data --volume "$PWD/settings:/settings:ro" earshot
#
# docs/operations.md says more.

FROM python:3.13-slim AS build
RUN python -m venv /opt/earshot/.venv
COPY requirements.txt /opt/earshot/
RUN /opt/earshot/.venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-compile \
    --require-hashes --requirement /opt/earshot/requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin earshot \
    && install --directory --owner=earshot --group=earshot --mode=0700 /data \
    && install --directory /settings
COPY --from=build /opt/earshot/.venv /opt/earshot/.venv
COPY bot /opt/earshot/bot
COPY handlers /opt/earshot/handlers
COPY storage /opt/earshot/storage
COPY LICENSE pyproject.toml /opt/earshot/
ENV PYTHONPATH=/opt/earshot PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    EARSHOT_DATA=/data EARSHOT_CONFIG=/settings/earshot.toml
USER earshot
WORKDIR /settings
VOLUME /data
STOPSIGNAL SIGTERM
# Inside the container only; who wants the page puts a proxy with TLS into the same network namespace.
HEALTHCHECK --interval=30s --timeout=10s --start-period=15m --retries=3 \
    CMD ["/opt/earshot/.venv/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('EARSHOT_PORT', '8787')}/healthz\")"]
ENTRYPOINT ["/opt/earshot/.venv/bin/python", "-m", "bot"]
CMD ["run"]
