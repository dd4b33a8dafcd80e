# Starts a PostgreSQL 15 of our own on a free port; sets postgres_url, and stop_postgres ends it. Sourced
# by .ci/run. PostgreSQL refuses to run as root, so as root it runs as postgres.
pg_bin=/usr/lib/postgresql/15/bin
pg_home=$(mktemp -d)
pg_port=$(node -e "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
as_postgres() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$*"; else sh -c "$*"; fi; }
stop_postgres() {
  [ -d "$pg_home" ] || return 0
  as_postgres "$pg_bin/pg_ctl -D $pg_home/data -m fast stop" >/dev/null || true
  rm -rf "$pg_home"
}
trap stop_postgres EXIT
if [ "$(id -u)" = 0 ]; then chown postgres "$pg_home"; fi
as_postgres "$pg_bin/initdb -D $pg_home/data -U cardwright --auth=trust --locale=C --encoding=UTF8 --data-checksums" >/dev/null
cat >>"$pg_home/data/postgresql.conf" <<CONF
port = $pg_port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$pg_home'
fsync = off
synchronous_commit = off
max_connections = 400
CONF
as_postgres "$pg_bin/pg_ctl -D $pg_home/data -w -l $pg_home/log start" >/dev/null
postgres_url="postgres://cardwright@127.0.0.1:$pg_port/postgres"
