#!/bin/sh
# Run once, when the database is made: the role that web, workers and beat run as. It owns nothing; `migrate`, which
# runs as the owner of the tables, gives it its rights.
set -eu
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set=password="$PRODUCT_PASSWORD" <<'SQL'
CREATE ROLE tollway_product LOGIN PASSWORD :'password';
SQL
