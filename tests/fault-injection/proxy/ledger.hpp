#pragma once

#include <cstdint>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "tests/fault-injection/proxy/call.hpp"
#include "tests/fault-injection/proxy/rule.hpp"

/// What was on the wire: one observer more, who asks nobody. A JSON object a line.
namespace escrow::proxy {

struct Entry {
  std::uint64_t seq = 0;
  std::int64_t at_ms = 0;
  /// request, forwarded, response, ended; copied (a copy was sent), opaque (passed on unread), link, rules, signal.
  std::string what;
  /// Null: it is of no request.
  std::shared_ptr<const Call> call;
  int status = 0;
  std::size_t bytes = 0;
  /// Of a request: the rule that strikes it; of an end: how; of a signal or link: its name.
  std::string note;
};

class Ledger {
 public:
  /// Keeps the last `capacity` entries; older ones are forgotten.
  explicit Ledger(std::size_t capacity) : capacity_(capacity) {}
  /// Also writes every entry to this file. False: it cannot be written.
  bool record_to(const std::string& path);

  void add(Entry entry);
  void add(std::string what, std::shared_ptr<const Call> call, std::string note = {}, int status = 0, std::size_t bytes = 0);

  /// The number that the next entry will have.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  /// At most `most` entries from `from` on, as lines.
  [[nodiscard]] std::string lines(std::uint64_t from, std::size_t most) const;
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::size_t capacity_;
  std::uint64_t next_ = 1;
  std::deque<Entry> entries_;
  std::ofstream file_;
};

[[nodiscard]] std::string line_of(const Entry& entry);

/// Waits for what a rule awaits: looks at each entry once.
class Expectation {
 public:
  /// `from`: the entry with which looking begins.
  Expectation(Awaited awaited, const Call& held, std::uint64_t from);
  [[nodiscard]] bool is_met(const Ledger& ledger);
  [[nodiscard]] Duration patience() const { return awaited_.patience; }

 private:
  [[nodiscard]] bool counts(const Entry& entry) const;

  Awaited awaited_;
  std::uint64_t exchange_;
  std::uint64_t next_;
  int left_;
};

}  // namespace escrow::proxy
