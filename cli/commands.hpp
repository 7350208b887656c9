#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.hpp"

/// What `escrowctl` can do: one function a command, each with what its options say. They print, and answer how the program ends.
namespace escrow::cli {

struct FilterOptions {
  std::vector<std::string> status;
  std::string mode;
  std::string name;
  bool attention = false;
  /// KEY=VALUE
  std::vector<std::string> attributes;
  std::string started_after;
  std::string started_before;

  [[nodiscard]] bool empty() const;
};

struct ListOptions {
  FilterOptions filter;
  std::string sort = "newest";
  std::int64_t limit = 50;
  std::string cursor;
  /// Every page.
  bool all = false;
};
ExitStatus list_transactions(Session& session, const ListOptions& options);

struct ShowOptions {
  std::string gid;
  bool with_history = false;
  bool with_payloads = false;
};
ExitStatus show_transaction(Session& session, const ShowOptions& options);
ExitStatus show_history(Session& session, const std::string& gid);
/// What needs a person, oldest first; filters and order of `options` are not looked at.
ExitStatus show_attention(Session& session, ListOptions options);
ExitStatus show_destinations(Session& session);
ExitStatus show_info(Session& session, bool with_settings);

struct WatchOptions {
  /// Empty: everything.
  std::string gid;
  std::vector<std::string> types;
  std::optional<std::int64_t> after;
};
/// With a gid: until its end; `done` or `aborted`. Without one: until it is interrupted.
ExitStatus watch(Session& session, const WatchOptions& options);

struct StartOptions {
  /// `-`: standard input.
  std::string file;
  std::int64_t wait_ms = 0;
};
ExitStatus start_transaction(Session& session, const StartOptions& options);

struct DecideOptions {
  std::string gid;
  std::string reason;
  std::int64_t wait_ms = 0;
};
ExitStatus abort_transaction(Session& session, const DecideOptions& options);
ExitStatus commit_transaction(Session& session, const DecideOptions& options);

struct RetryOptions {
  std::vector<std::string> gids;
  FilterOptions filter;
  std::string destination;
  std::string reason;
  bool dry_run = false;
};
/// Those that are named, or all that match.
ExitStatus retry_transactions(Session& session, const RetryOptions& options);

struct ResolveOptions {
  std::string gid;
  /// Empty: the check of a two-phase message.
  std::string branch;
  std::string operation;
  std::string outcome;
  std::string reason;
};
ExitStatus resolve_operation(Session& session, const ResolveOptions& options);

/// `sqlite`, `postgres` or `mysql`.
ExitStatus print_barrier_schema(const std::string& dialect);

}  // namespace escrow::cli
