#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/store/cursor.hpp"
#include "coordinator/store/sqlite/reader.hpp"
#include "protocol/words.hpp"

/// Lists. One index leads, which is in the order of the list already; the other filters are looked at row by row.
namespace escrow::store::sqlite {
namespace {

using protocol::Status;

constexpr std::array all_statuses{Status::active, Status::committing, Status::aborting, Status::committed, Status::aborted};
/// Rows looked at for one page: some 50 ms. A filter that matches next to nothing then answers a short page and a cursor.
constexpr std::size_t rows_per_page = 20'000;

std::string select(const std::string& rest) { return std::string("SELECT ") + transaction_columns + " FROM " + rest; }

enum class Direction : std::uint8_t { newest_first, oldest_first };

std::string in_order(Direction direction, const char* time, const char* id) {
  const std::string key = std::string(time) + ", " + id;
  if (direction == Direction::oldest_first) return " AND (" + key + ") > (?, ?) ORDER BY " + key;
  return " AND (" + key + ") < (?, ?) ORDER BY " + time + " DESC, " + id + " DESC";
}

std::string by_status_sql(Direction direction) {
  return select("transactions t WHERE t.status = ?") + in_order(direction, "t.started_at_ms", "t.id");
}
std::string by_name_sql(Direction direction) {
  return select("transactions t WHERE t.name = ?") + in_order(direction, "t.started_at_ms", "t.id");
}
std::string by_attention_sql(Direction direction) {
  return select("transactions t WHERE t.attention = 1") + in_order(direction, "t.started_at_ms", "t.id");
}
std::string by_attribute_sql(Direction direction) {
  return select("attributes a CROSS JOIN transactions t ON t.id = a.transaction_id WHERE a.name = ? AND a.value = ?") +
         in_order(direction, "a.started_at_ms", "a.transaction_id");
}

/// Rows of several statements, each in the order of the list, as one.
class Merge {
 public:
  explicit Merge(bool oldest_first) : oldest_first_(oldest_first) {}
  void add(Statement& statement) { sources_.push_back({&statement, SQLITE_ROW, {}}); }
  ~Merge() {
    for (auto& source : sources_) source.statement->reset();
  }
  Merge(const Merge&) = delete;
  Merge& operator=(const Merge&) = delete;

  /// The next row in the order of the list. Null at the end or after an error.
  const Statement* next() {
    if (current_ != nullptr) advance(*current_);
    if (!started_) {
      for (auto& source : sources_) advance(source);
      started_ = true;
    }
    current_ = nullptr;
    for (auto& source : sources_) {
      if (source.code != SQLITE_ROW && source.code != SQLITE_DONE) return fail(source.code);
      if (source.code == SQLITE_ROW && (current_ == nullptr || comes_before(source.place, current_->place))) current_ = &source;
    }
    return current_ != nullptr ? current_->statement : nullptr;
  }
  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] const ListPosition& place() const { return current_->place; }

 private:
  struct Source {
    Statement* statement;
    int code;
    ListPosition place;
  };

  static void advance(Source& source) {
    source.code = source.statement->step();
    if (source.code == SQLITE_ROW) source.place = {source.statement->number(8), source.statement->number(0)};
  }
  [[nodiscard]] bool comes_before(const ListPosition& place, const ListPosition& other) const {
    return oldest_first_ ? place < other : other < place;
  }
  const Statement* fail(int code) {
    code_ = code;
    current_ = nullptr;
    return nullptr;
  }

  const bool oldest_first_;
  std::vector<Source> sources_;
  Source* current_ = nullptr;
  bool started_ = false;
  int code_ = SQLITE_DONE;
};

bool matches(const Filter& filter, const Statement& row) {
  const auto is_status = [&](Status status) { return row.view(4) == to_string(status); };
  if (!filter.status.empty() && std::ranges::none_of(filter.status, is_status)) return false;
  if (filter.mode && row.view(5) != to_string(*filter.mode)) return false;
  if (filter.name && (row.is_null(6) || row.view(6) != *filter.name)) return false;
  if (filter.attention && (row.number(7) != 0) != *filter.attention) return false;
  return true;
}

}  // namespace

/// The statements of one direction.
struct Lister::Statements {
  Statements(Connection& connection, Direction direction)
      : by_name(connection, by_name_sql(direction)),
        by_attention(connection, by_attention_sql(direction)),
        by_attribute(connection, by_attribute_sql(direction)) {
    for (std::size_t i = 0; i < all_statuses.size(); ++i) by_status.emplace_back(connection, by_status_sql(direction));
  }

  /// One for each status, so that several can be merged.
  std::deque<Statement> by_status;
  Statement by_name;
  Statement by_attention;
  Statement by_attribute;
};

Lister::Lister(Connection& connection)
    : connection_(connection),
      newest_first_(std::make_unique<Statements>(connection, Direction::newest_first)),
      oldest_first_(std::make_unique<Statements>(connection, Direction::oldest_first)),
      has_attribute_(connection, "SELECT 1 FROM attributes WHERE transaction_id = ? AND name = ? AND value = ?") {}

Lister::~Lister() = default;

Result<Page> Lister::list(const Filter& filter, std::size_t limit, const std::optional<std::string>& cursor, Loader& loader) {
  auto start = start_of_list(filter, cursor);
  if (!start) return start.error();

  Merge rows(filter.oldest_first);
  Statements& statements = filter.oldest_first ? *oldest_first_ : *newest_first_;
  if (!filter.attributes.empty()) {
    const auto& [name, value] = *filter.attributes.begin();
    statements.by_attribute.begin(name, value, start->started_at_ms, start->id);
    rows.add(statements.by_attribute);
  } else if (filter.name) {
    statements.by_name.begin(*filter.name, start->started_at_ms, start->id);
    rows.add(statements.by_name);
  } else if (filter.attention.value_or(false)) {
    statements.by_attention.begin(start->started_at_ms, start->id);
    rows.add(statements.by_attention);
  } else {
    for (std::size_t i = 0; i < all_statuses.size(); ++i) {
      if (!filter.status.empty() && std::ranges::find(filter.status, all_statuses[i]) == filter.status.end()) continue;
      statements.by_status[i].begin(to_string(all_statuses[i]), start->started_at_ms, start->id);
      rows.add(statements.by_status[i]);
    }
  }

  const auto has_attributes = [&](std::int64_t id) {
    return std::ranges::all_of(filter.attributes, [&](const auto& attribute) {
      Rows found(has_attribute_, id, attribute.first, attribute.second);
      return found.next();
    });
  };
  Page page;
  std::vector<IdentifiedRow> found;
  std::optional<ListPosition> last;
  std::size_t looked_at = 0;
  while (const Statement* row = rows.next()) {
    const std::int64_t started_at_ms = rows.place().started_at_ms;
    if (!filter.oldest_first && filter.started_after_ms && started_at_ms <= *filter.started_after_ms) break;
    if (filter.oldest_first && filter.started_before_ms && started_at_ms >= *filter.started_before_ms) break;
    if (found.size() == limit || ++looked_at > rows_per_page) {
      page.next_cursor = to_cursor(filter, last.value_or(*start));
      break;
    }
    last = rows.place();
    if (matches(filter, *row) && (filter.attributes.size() < 2 || has_attributes(row->number(0)))) found.push_back(row_of(*row));
  }
  if (rows.code() != SQLITE_DONE) return error_of(rows.code(), "list transactions", connection_.last_message());

  for (auto& row : found) {
    auto gid = protocol::Gid::parse(row.row.gid);
    auto transaction = loader.summary(std::move(row));
    if (transaction) {
      page.transactions.push_back(std::move(*transaction));
    } else if (transaction.error().code == LogErrc::corrupt) {
      page.corrupt.emplace_back(gid.value_or(protocol::Gid()), transaction.error().detail);
    } else {
      return transaction.error();
    }
  }
  return page;
}

}  // namespace escrow::store::sqlite
