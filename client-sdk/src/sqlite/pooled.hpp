#pragma once

#include <memory>

#include <sqlite3.h>

#include <escrow/sqlite/connections.hpp>

#include "client-sdk/src/sqlite/statement_set.hpp"

namespace escrow::sqlite {

/// A connection of the pool with what is prepared on it.
struct Connections::Pooled {
  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  using Handle = std::unique_ptr<sqlite3, Close>;
  explicit Pooled(Handle opened) : db(std::move(opened)), statements(db.get()) {}

  Handle db;
  StatementSet statements;
};

}  // namespace escrow::sqlite
