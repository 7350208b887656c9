#include <escrow/schema.hpp>

#include "protocol/assert.hpp"

namespace escrow {
namespace {

// Times are milliseconds since 1970, UTC. The second table is the cleaner's alone: which coordinator's store was seen from when
// on, so that "unknown transaction" counts only from the store that a row was written under. For IN with more than two words
// SQLite makes a table at each insert.
constexpr std::string_view sqlite_script = R"(
create table if not exists escrow_barrier (
  gid        text not null,
  branch     text not null,
  operation  text not null,
  cause      text not null,
  outcome    text not null check (outcome = 'done' or outcome = 'refused' or outcome = 'none'),
  output     text not null,
  created_at integer not null,
  primary key (gid, branch, operation)
) strict;
create index if not exists escrow_barrier_created_at on escrow_barrier (created_at, gid);
create table if not exists escrow_barrier_store (
  seen_at  integer not null primary key,
  store_id text not null
) strict;
)";

constexpr std::string_view postgresql_script = R"(
create table if not exists escrow_barrier (
  gid        varchar(128) collate "C" not null,
  branch     varchar(64) collate "C" not null,
  operation  varchar(16) not null,
  cause      varchar(16) not null,
  outcome    varchar(8) not null check (outcome in ('done', 'refused', 'none')),
  output     text not null,
  created_at bigint not null,
  primary key (gid, branch, operation)
);
create index if not exists escrow_barrier_created_at on escrow_barrier (created_at, gid);
create table if not exists escrow_barrier_store (
  seen_at  bigint not null primary key,
  store_id varchar(64) not null
);
)";

// A case-insensitive collation would make two gids one, hence ascii_bin.
constexpr std::string_view mysql_script = R"(
create table if not exists escrow_barrier (
  gid        varchar(128) character set ascii collate ascii_bin not null,
  branch     varchar(64) character set ascii collate ascii_bin not null,
  operation  varchar(16) character set ascii collate ascii_bin not null,
  cause      varchar(16) character set ascii collate ascii_bin not null,
  outcome    varchar(8) character set ascii collate ascii_bin not null check (outcome in ('done', 'refused', 'none')),
  output     mediumtext character set utf8mb4 not null,
  created_at bigint not null,
  primary key (gid, branch, operation),
  key escrow_barrier_created_at (created_at, gid)
) engine = InnoDB;
create table if not exists escrow_barrier_store (
  seen_at  bigint not null primary key,
  store_id varchar(64) character set ascii collate ascii_bin not null
) engine = InnoDB;
)";

}  // namespace

std::string_view barrier_schema(SqlDialect dialect) {
  switch (dialect) {
    case SqlDialect::sqlite: return sqlite_script;
    case SqlDialect::postgresql: return postgresql_script;
    case SqlDialect::mysql: return mysql_script;
  }
  ESCROW_ASSERT(false);
}

}  // namespace escrow
