# Trellis in one process. DATABASE_URL and REDIS_URL name its servers; without them it runs its own on the volume /data.
FROM python:3.13-slim AS build
WORKDIR /trellis
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt
COPY app app
COPY db db
COPY graphql_schema graphql_schema
RUN /venv/bin/python -m app.pages

FROM python:3.13-slim
RUN useradd --system trellis && install --directory --owner trellis /data
COPY --from=build /venv /venv
COPY --from=build /trellis /trellis
WORKDIR /trellis
USER trellis
VOLUME /data
EXPOSE 8000
# Strangers learn nothing of the schema from it.
ENV TRELLIS_INTROSPECTION=users
HEALTHCHECK --start-period=60s CMD ["/venv/bin/python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["/venv/bin/python", "-m", "app", "serve", "--host", "0.0.0.0", "--data", "/data"]
