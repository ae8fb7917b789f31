# PostgreSQL with pg_cron, for compose.yaml. The image of PostgreSQL has the package archive that pg_cron comes from.
FROM postgres:17-bookworm
# The archive keeps only the newest version of a package.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-17-cron \
    && rm -rf /var/lib/apt/lists/*
COPY roles.sh /docker-entrypoint-initdb.d/roles.sh
