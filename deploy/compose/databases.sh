#!/bin/sh
# One database for each service, with an owner that migrates, an application role that owns nothing, and a role that it
# may become for searching and inherits nothing from.
set -eu
for service in identity referrals caseworker notify governance insight gateway; do
  psql --set ON_ERROR_STOP=1 --username postgres --set name="$service" --set owner="${service}_owner" \
    --set app="${service}_app" --set search="${service}_search" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'name';
CREATE ROLE :"app" LOGIN PASSWORD :'name' NOINHERIT NOBYPASSRLS;
CREATE ROLE :"search" NOBYPASSRLS;
GRANT :"search" TO :"app" WITH INHERIT FALSE, SET TRUE;
CREATE DATABASE :"name" OWNER :"owner";
SQL
done
