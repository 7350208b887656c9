#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/engine/node/node.hpp"
#include "tests/unit/core/draft.hpp"
#include "tests/unit/core/outcome.hpp"
#include "tests/unit/node/fake_log.hpp"

/// A node between a fake log, a virtual clock and scripted participants. What the node wants done is queued here and answered by the test,
/// one by one or all at once. Everything it wants is held against what no node may do: call or tell before it is durable, two calls of one
/// operation at once, two writes of one gid at once, a told outcome that changes.
namespace escrow::tests {

namespace node = engine::node;

enum class WriteFate : std::uint8_t { ok, unavailable, unknown_durable, unknown_lost, conflict };

class Harness {
 public:
  explicit Harness(node::Settings settings = {});

  FakeLog log;
  core::Time now{core::Duration(1'000'000'000'000)};

  // What the node wants and has not been given yet.
  std::deque<WantedWrite> writes;
  std::deque<protocol::Gid> loads;
  std::deque<node::DueWanted> dues;
  std::deque<node::CallWanted> calls;
  std::map<std::uint64_t, node::Answer> answers;
  /// Everything it ever called, as "gid/branch/operation".
  std::vector<std::string> called;
  std::size_t outputs_seen = 0;
  std::size_t writes_seen = 0;

  /// While false every read answers that the log can't be read.
  bool readable = true;

  void step(node::Input input);
  /// The token of its answer.
  std::uint64_t start(const Draft& draft, core::Duration wait = core::Duration(0));
  std::uint64_t look(std::string_view gid, core::Duration wait = core::Duration(0));
  template <class Body>
  std::uint64_t ask(std::string_view gid, Body body, core::Duration wait = core::Duration(0)) {
    node::Request request;
    request.token = ++last_token_;
    request.gid = tests::gid(gid);
    request.body = std::move(body);
    if (wait.count() > 0) request.wait_until = now + wait;
    open_tokens_.insert(request.token);
    step(std::move(request));
    return last_token_;
  }

  void answer_write(WriteFate fate = WriteFate::ok);
  void answer_load();
  void answer_due();
  /// The oldest open call, or the one of "branch.operation".
  void answer_call(const core::Outcome& outcome, std::string_view operation = {});

  /// How writes and calls are answered by `settle`; the counters begin at 0.
  std::function<WriteFate(std::size_t)> write_fate = [](std::size_t) { return WriteFate::ok; };
  std::function<core::Outcome(std::size_t, const node::CallWanted&)> serve = [](std::size_t, const node::CallWanted&) { return ok(); };

  /// Answers everything there is until nothing is left to answer at this moment.
  void settle();
  /// The same, and time passes: from wakeup to wakeup.
  void run_for(core::Duration time);
  /// Wakes the node when it wants to, until `time` has passed; nothing is answered.
  void wake_for(core::Duration time);
  /// The process ends without a word and starts again on the same log. Open requests are never answered.
  void crash();

  [[nodiscard]] node::Node& inner() { return *node_; }
  [[nodiscard]] const core::Transaction* durable(std::string_view gid) const { return log.find(tests::gid(gid)); }
  [[nodiscard]] std::string durable_status(std::string_view gid) const;
  [[nodiscard]] bool is_answered(std::uint64_t token) const { return answers.contains(token); }
  /// "created active", "committed", "gid_conflict", or "" while there is none.
  [[nodiscard]] std::string answer(std::uint64_t token) const;
  [[nodiscard]] std::int64_t inner_unfinished() const { return node_->unfinished(); }
  /// What happens between two answers of `settle`, given how many there have been; a crash or a loss of memory belongs here.
  std::function<void(std::size_t)> between = [](std::size_t) {};
  [[nodiscard]] std::size_t times_called(std::string_view name) const;
  [[nodiscard]] std::set<std::uint64_t> unanswered() const { return open_tokens_; }

 private:
  void take(node::WriteWanted& wanted);
  void take(node::LoadWanted& wanted);
  void take(node::DueWanted& wanted);
  void take(node::CallWanted& wanted);
  void take(node::Answered& answered);
  void check_told(const protocol::Gid& gid, const node::Answer& answer);
  bool answer_something();

  node::Settings settings_;
  std::unique_ptr<node::Node> node_;
  std::uint64_t last_token_ = 0;
  std::set<std::uint64_t> open_tokens_;
  std::map<std::string, protocol::Status> told_;
  /// Gids with a write or read under way.
  std::set<std::string> busy_;
  std::set<std::string> open_calls_;
  std::size_t calls_served_ = 0;
  std::size_t answers_given_ = 0;
};

}  // namespace escrow::tests
