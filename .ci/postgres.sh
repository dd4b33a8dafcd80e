# Finds or starts a PostgreSQL 15 of our own on a free port and exports DATABASE_URL. Sourced by .ci/run.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql-15
fi
pg_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | head -n 1)
pg_home=$(mktemp -d)
pg_port=$((20000 + RANDOM % 20000))
as_postgres() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$*"; else sh -c "$*"; fi; }
[ "$(id -u)" = 0 ] && chown postgres "$pg_home"
as_postgres "$pg_bin/initdb -D $pg_home/data -U cardwright --auth=trust --locale=C --encoding=UTF8 --data-checksums" >/dev/null
as_postgres "$pg_bin/pg_ctl -D $pg_home/data -w -l $pg_home/log -o '-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$pg_home -c fsync=off -c synchronous_commit=off -c max_connections=400' start" >/dev/null
trap 'as_postgres "$pg_bin/pg_ctl -D $pg_home/data -m fast stop" >/dev/null; rm -rf "$pg_home"' EXIT
export DATABASE_URL="postgres://cardwright@127.0.0.1:$pg_port/postgres"
