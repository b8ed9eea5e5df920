#!/bin/sh
# One database for each service, with an owner that migrates and an application role that owns nothing.
set -eu
for service in identity referrals caseworker notify governance insight gateway; do
  psql --set ON_ERROR_STOP=1 --username postgres --set name="$service" --set owner="${service}_owner" \
    --set app="${service}_app" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'name';
CREATE ROLE :"app" LOGIN PASSWORD :'name' NOBYPASSRLS;
CREATE DATABASE :"name" OWNER :"owner";
SQL
done
