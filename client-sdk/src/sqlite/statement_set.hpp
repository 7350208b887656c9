#pragma once

#include <deque>
#include <string_view>
#include <utility>

#include <escrow/sqlite/statement.hpp>

namespace escrow::sqlite {

/// Statements that stay prepared as long as their connection: preparing one costs more than running it. One thread at a time.
class StatementSet {
 public:
  explicit StatementSet(sqlite3* db) : db_(db) {}

  /// A statement in use; at the end it lets go of everything, also where it failed.
  class InUse {
   public:
    explicit InUse(Statement& statement) : statement_(statement) {}
    ~InUse() { statement_.reset(); }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
    Statement* operator->() { return &statement_; }

   private:
    Statement& statement_;
  };

  /// `sql` is a constant; statements are told apart by where it lies. Throws SqlError.
  [[nodiscard]] InUse use(std::string_view sql) {
    for (auto& [known, statement] : statements_) {
      if (known.data() == sql.data()) return InUse(statement);
    }
    return InUse(statements_.emplace_back(std::piecewise_construct, std::forward_as_tuple(sql), std::forward_as_tuple(db_, sql)).second);
  }
  void run(std::string_view sql) { use(sql)->run(); }

  [[nodiscard]] sqlite3* db() const noexcept { return db_; }

 private:
  sqlite3* db_;
  /// Statements never move.
  std::deque<std::pair<std::string_view, Statement>> statements_;
};

}  // namespace escrow::sqlite
