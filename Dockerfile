# The packaged program, with what a CI job needs around it: git, to know the commit,
# and certificates, to know the database. Build it beside the program:
#
#   scripts/package --output dist
#   docker build --build-arg PROGRAM=mnemo-index-0.1.0-x86_64-linux --file Dockerfile dist
FROM debian:12-slim

# The newest of the distribution are what is wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --home-dir /var/lib/mnemo-index --create-home mnemo \
    && chmod 755 /var/lib/mnemo-index

ARG PROGRAM
COPY --chmod=755 ${PROGRAM} /usr/local/bin/mnemo-index

ENV MNEMO_HOME=/var/lib/mnemo-index
USER 10001
# Unpacked now: a container whose files are read-only, or that runs as any other
# user, has the model then. PostgreSQL stays packed until it is wanted.
RUN ["mnemo-index", "models", "path", "all-minilm-l6-v2"]

WORKDIR /code
ENTRYPOINT ["mnemo-index"]
CMD ["--help"]
