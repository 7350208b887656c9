#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/start_request.hpp"

/// Start requests in one line, as the parser would have made them: defaults filled in, branches with the URLs of their kind.
namespace escrow::tests {

[[nodiscard]] protocol::Gid gid(std::string_view text);
[[nodiscard]] protocol::BranchId branch_id(std::string_view text);

using BranchEdit = std::function<void(protocol::BranchRequest&)>;

/// A branch with every operation of its kind at http://KIND/ID/OPERATION; without the forward one when interactive.
[[nodiscard]] protocol::BranchRequest branch(protocol::Kind kind, std::string_view id, bool interactive = false,
                                             const BranchEdit& edit = {});

/// What `edit` may be.
[[nodiscard]] BranchEdit after(std::vector<std::string> ids);
void pivot(protocol::BranchRequest& branch);
void without_undo(protocol::BranchRequest& branch);
/// A pivot that nothing can undo.
void last_word(protocol::BranchRequest& branch);

class Draft {
 public:
  explicit Draft(protocol::Mode mode);

  Draft& gid(std::string_view text);
  Draft& interactive();
  Draft& order(protocol::Order order);
  Draft& with(protocol::Kind kind, std::string_view id, const BranchEdit& edit = {});
  /// Branches of the mode's own kind.
  Draft& with(std::initializer_list<std::string_view> ids);
  Draft& timeout_ms(std::int64_t timeout_ms);
  Draft& attention_after(std::int64_t calls);
  /// Of the transaction and all its branches, those to come included.
  Draft& max_attempts(std::int64_t attempts);
  Draft& pause_ms(std::int64_t initial_ms, std::int64_t max_ms);
  /// An interactive message that is asked about after `check_after_ms`.
  Draft& check(std::int64_t check_after_ms = 10'000);
  Draft& edit(const std::function<void(protocol::StartRequest&)>& edit);

  [[nodiscard]] std::shared_ptr<const protocol::StartRequest> request() const;

 private:
  protocol::StartRequest request_;
};

[[nodiscard]] Draft saga(std::initializer_list<std::string_view> ids);
[[nodiscard]] Draft tcc(std::initializer_list<std::string_view> ids);
[[nodiscard]] Draft message(std::initializer_list<std::string_view> ids);
[[nodiscard]] Draft mixed();

}  // namespace escrow::tests
