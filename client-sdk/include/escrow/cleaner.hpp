#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include <escrow/barrier.hpp>
#include <escrow/sqlite/connections.hpp>

#include "protocol/result.hpp"

/// Removes barrier rows that no late call can need any more, by the rules of docs/protocol.md, section 5. Age alone never removes
/// a row: its branch must be settled here, or the coordinator must say that the transaction is over.
namespace escrow {

class Client;

/// What the coordinator says about a gid.
enum class Standing : std::uint8_t { unfinished, terminal, not_found };

/// What a cleaner asks. Each question may fail, and then nothing is removed on its account.
struct CleanerQuestions {
  /// The coordinator's `store_id`, made with its database.
  std::function<Result<std::string>()> store_id;
  std::function<Result<Standing>(const std::string& gid)> standing;
};

/// Asks a coordinator through `client`, which must live as long as the answer is used.
[[nodiscard]] CleanerQuestions ask_coordinator(const Client& client);

class CleanerOptions {
 public:
  /// How long rows stay after their branch has been undone or confirmed here; default 7 days.
  CleanerOptions& settled_for(std::chrono::milliseconds value) {
    settled_for_ = value;
    return *this;
  }
  /// How old rows are before the coordinator is asked about them; default 1 day. Longer than any call can be under way.
  CleanerOptions& ask_after(std::chrono::milliseconds value) {
    ask_after_ = value;
    return *this;
  }
  /// The coordinator's `retention_ms`; default 7 days. A gid it does not know counts for rows older than twice that.
  CleanerOptions& retention(std::chrono::milliseconds value) {
    retention_ = value;
    return *this;
  }
  /// At most so many branches and so many gids in one pass; default 200.
  CleanerOptions& batch(int count) {
    batch_ = count;
    return *this;
  }

  [[nodiscard]] std::chrono::milliseconds settled_for() const noexcept { return settled_for_; }
  [[nodiscard]] std::chrono::milliseconds ask_after() const noexcept { return ask_after_; }
  [[nodiscard]] std::chrono::milliseconds retention() const noexcept { return retention_; }
  [[nodiscard]] int batch() const noexcept { return batch_; }

 private:
  std::chrono::milliseconds settled_for_ = std::chrono::hours(24 * 7);
  std::chrono::milliseconds ask_after_ = std::chrono::hours(24);
  std::chrono::milliseconds retention_ = std::chrono::hours(24 * 7);
  int batch_ = 200;
};

/// What one pass has done.
struct CleanerReport {
  std::int64_t removed_rows = 0;
  std::int64_t asked_gids = 0;
  /// Nothing old is left that this pass did not look at; the next one begins with the oldest rows again.
  bool at_end = false;
};

namespace sqlite {

/// Cleans one database; several cleaners, in several processes, do no harm. One thread at a time.
/// A row's store is the one that a pass had last seen before the row was written, so run a pass once at the start of a service.
class Cleaner {
 public:
  Cleaner(Connections connections, CleanerQuestions questions, CleanerOptions options = {}, WallClock clock = system_wall_clock());

  /// One bounded pass. No transaction is open while the coordinator is asked. Errc::busy or Errc::database; the coordinator not
  /// answering is no error: what it was to be asked about stays.
  [[nodiscard]] Result<CleanerReport> clean();

  /// Passes until the end is reached, then again every `interval`, until it is asked to stop.
  void run(const std::stop_token& stop, std::chrono::milliseconds interval = std::chrono::minutes(10));

 private:
  [[nodiscard]] Result<CleanerReport> pass(sqlite3* db);

  Connections connections_;
  CleanerQuestions questions_;
  CleanerOptions options_;
  WallClock clock_;
  /// Where the last pass ended: unfinished transactions are not asked about again before all others have been.
  std::int64_t after_created_at_ = -1;
  std::string after_gid_;
};

}  // namespace sqlite
}  // namespace escrow
